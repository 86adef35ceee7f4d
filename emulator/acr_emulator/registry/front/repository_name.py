"""Names of repositories, as the OCI distribution specification has them."""

import re

from starlette.requests import Request

from acr_emulator.registry.front.oci_errors import RegistryError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = rf"{_COMPONENT}(?:/{_COMPONENT})*"


def repository_of(request: Request) -> str:
    """Read the repository from the request's path; nothing else may reach the file system."""
    name: str = request.path_params["repository"]
    if not re.fullmatch(REPOSITORY, name):
        raise RegistryError(400, "NAME_INVALID", f"invalid repository name '{name}'")
    return name
