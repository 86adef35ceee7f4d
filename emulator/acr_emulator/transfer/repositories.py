"""A registry's repositories, straight in distribution."""

import httpx


class Repositories:
    """The repositories of one registry: R of it is `<prefix>/R` at `base_url`."""

    def __init__(self, base_url: str, *, prefix: str, http: httpx.AsyncClient) -> None:
        self._root = f"{base_url.rstrip('/')}/v2/{prefix}"
        self.registry = prefix
        self._http = http
