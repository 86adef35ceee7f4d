"""Tokens of service principals, from the login host of an emulator."""

from __future__ import annotations

import httpx


def request_token(
    http: httpx.Client, tenant_url: str, client_id: str, secret: str, audience: str
) -> str:
    """Return an access token for an audience; ``tenant_url`` is the login host's, with the ID."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "scope": f"{audience}/.default",
    }
    answer = http.post(f"{tenant_url}/oauth2/v2.0/token", data=form).raise_for_status()
    return str(answer.json()["access_token"])
