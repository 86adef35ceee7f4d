"""What a registry answered: its JSON, its words about an error, and what to do next."""

from __future__ import annotations

from azure.core.rest import HttpResponse

from azext_acrtransfer.command_lines import az


def has(response: HttpResponse, key: str) -> bool:
    """Whether a response is a JSON object with a key; any object if the key is empty."""
    try:
        document = response.json()
    except ValueError:
        return False
    return isinstance(document, dict) and (not key or key in document)


def message_of(response: HttpResponse) -> str:
    """Return the message in a response, or what kind of response it is."""
    try:
        return str(response.json()["errors"][0]["message"])
    except (ValueError, LookupError, TypeError):
        return f"{response.status_code} {response.reason}, with {response.content_type}"


def advice(registry_name: str) -> str:
    """Return what helps with a registry that can't be reached, or that isn't one."""
    return (
        f"Run '{az('acr check-health', '-n', registry_name)}', and try again. A proxy or captive "
        "portal might have answered instead."
    )
