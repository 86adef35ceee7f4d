"""The cloud to emulate: a known one by its name, a private one by the file that describes it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acr_emulator.cloud.clouds import CLOUDS, Cloud

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")
_VERSIONS = "transferApiVersions"


class CloudError(Exception):
    """There is no such cloud, or its description cannot be used."""


def cloud_of(name_or_file: str) -> Cloud:
    """A cloud by its name or by its file; raises CloudError."""
    for cloud in CLOUDS:
        if cloud.name.lower() == name_or_file.lower():
            return cloud
    try:
        return _described(json.loads(Path(name_or_file).read_text()))
    except OSError as error:
        names = ", ".join(cloud.name for cloud in CLOUDS)
        raise CloudError(
            f"'{name_or_file}' is no known cloud ({names}) and no file to read: {error.strerror}."
        ) from error
    except ValueError as error:
        raise CloudError(f"{name_or_file} is no JSON: {error}.") from error
    except CloudError as error:
        raise CloudError(f"{name_or_file}: {error}") from error


def _described(content: object) -> Cloud:
    """Read what `az cloud register --cloud-config` reads, and two additional properties."""
    description = _Words("", content)
    endpoints, suffixes = description.inner("endpoints"), description.inner("suffixes")
    cloud = Cloud(
        name=description.text("name"),
        arm=endpoints.host("resourceManager"),
        arm_audience=f"https://{endpoints.host('activeDirectoryResourceId')}",
        login=endpoints.host("activeDirectory"),
        graph=endpoints.host("microsoftGraphResourceId"),
        storage_suffix=suffixes.domain("storageEndpoint"),
        vault_suffix=suffixes.domain("keyvaultDns"),
        registry_suffix=suffixes.domain("acrLoginServerEndpoint"),
        transfer_api_versions=description.versions(),
    )
    _check_distinct(cloud)
    return cloud


class _Words:
    """An object of the description, read with words for what is wrong in it."""

    def __init__(self, path: str, content: object) -> None:
        if not isinstance(content, Mapping):
            raise CloudError(f"{path.rstrip('.') or 'the file'} is to be a JSON object.")
        self._path = path
        self._content: Mapping[str, Any] = content

    def inner(self, key: str) -> "_Words":
        return _Words(f"{self._path}{key}.", self._content.get(key))

    def text(self, key: str) -> str:
        value = self._content.get(key)
        if not isinstance(value, str) or not value:
            raise CloudError(f"{self._path}{key} is missing, or no text.")
        return value

    def host(self, key: str) -> str:
        """The host of an https URL that has nothing else."""
        url = urlsplit(self.text(key).rstrip("/"))
        if url.scheme != "https" or url.geturl() != f"https://{url.netloc}":
            raise self._wrong(key, "https://HOST")
        return self._checked(key, url.netloc, "https://HOST")

    def domain(self, key: str) -> str:
        """A suffix; az has some of them with a leading dot, some without."""
        return self._checked(key, self.text(key).removeprefix("."), "a domain name")

    def _checked(self, key: str, name: str, expected: str) -> str:
        if not _DOMAIN.fullmatch(name.lower()):
            raise self._wrong(key, expected)
        return name.lower()

    def versions(self) -> tuple[str, ...] | None:
        """The API versions on offer, oldest first; None if the description has none."""
        if _VERSIONS not in self._content:
            return None
        versions = self._content[_VERSIONS]
        if not isinstance(versions, list) or not versions:
            raise self._wrong(_VERSIONS, "a list of API versions")
        if not all(
            isinstance(version, str) and _VERSION.fullmatch(version) for version in versions
        ):
            raise self._wrong(_VERSIONS, "a list of API versions such as 2019-12-01-preview")
        return tuple(sorted(versions))

    def _wrong(self, key: str, expected: str) -> CloudError:
        value = json.dumps(self._content[key])
        return CloudError(f"{self._path}{key} is {value}, expected {expected}.")


def _check_distinct(cloud: Cloud) -> None:
    """By its host name alone, each request must be one service's."""
    suffixes = [cloud.blob_suffix, cloud.vault_suffix, cloud.registry_suffix]
    hosts = [cloud.arm, cloud.login, cloud.graph]
    taken = [*suffixes, *hosts]
    doubtful = [
        name
        for name in taken
        if taken.count(name) > 1 or name in hosts and name.partition(".")[2] in suffixes
    ]
    if doubtful:
        raise CloudError(f"'{doubtful[0]}' would lead to two services.")
