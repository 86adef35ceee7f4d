"""States of a blob in which storage refuses to read or to change it, from its headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from azext_acrtransfer.service.json_values import parse_http_date

IN_ARCHIVE, REHYDRATED, LEASED = "in the archive tier", "being rehydrated", "leased"
Headers = Mapping[str, str]


def why_unreadable(headers: Headers) -> str:
    """Return the state in which storage refuses to read a blob, or ""."""
    if headers.get("x-ms-access-tier") == "Archive":
        return REHYDRATED if headers.get("x-ms-archive-status") else IN_ARCHIVE
    if (status := headers.get("x-ms-copy-status", "success")) != "success":
        return f"copy {status}"
    if "x-ms-encryption-key-sha256" in headers:
        return "encrypted with a customer-provided key"
    return "a directory" if _is_directory(headers) else ""


def why_unchangeable(headers: Headers) -> str:
    """Return the state in which storage refuses to overwrite or delete a blob, or ""."""
    if headers.get("x-ms-lease-status") == "locked":
        return LEASED
    if headers.get("x-ms-copy-status") == "pending":
        return "copy pending"
    return "a directory" if _is_directory(headers) else ""


def is_immutable(headers: Headers, now: datetime) -> bool:
    """Whether a blob's version has a retention policy or a legal hold that applies to it."""
    until = parse_http_date(headers.get("x-ms-immutability-policy-until-date"))
    return headers.get("x-ms-legal-hold") == "true" or bool(until and until > now)


def _is_directory(headers: Headers) -> bool:
    """Whether it's a directory of an account with a hierarchical namespace."""
    types = (headers.get("x-ms-resource-type"), headers.get("x-ms-meta-hdi_isfolder"))
    return types[0] == "directory" or types[1] == "true"
