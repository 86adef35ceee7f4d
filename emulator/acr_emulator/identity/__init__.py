"""Entra and Microsoft Graph: principals, tokens, and what roles allow."""
