"""Deployments of ARM templates, independent of HTTP."""
