"""The Python package oras: an artifact that isn't an image is pushed and pulled with each login."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.strangers.programs import python, python_versions
from tests.e2e.strangers.registry_logins import LOGINS
from tests.support.oci import digest_of
from tests.support.site import Site
from tests.support.terminal import Terminal

FILES = {"notes.txt": "Notes.\n", "table.csv": "a,b\n"}


@pytest.mark.parametrize("kind", LOGINS)
def test_files_are_pushed_and_pulled(az: Terminal, site: Site, kind: str) -> None:
    username, password = LOGINS[kind](az, site)
    home = Path(az.environment["HOME"])
    for name, text in FILES.items():
        (home / name).write_text(text)
    (version,) = python_versions("oras")
    answer = python(
        az,
        "push_and_pull.py",
        "oras",
        version,
        server=site.login_server,
        username=username,
        password=password,
    )
    manifest = site.registry_client.manifest("samples/notes", "1.0")
    assert manifest
    assert answer == {
        "status": 201,
        "digest": digest_of(manifest),
        "tags": ["1.0"],
        "titles": {"notes.txt": "text/plain", "table.csv": "text/csv"},
        "annotations": {"org.example.stage": "test"},
        "pulled": FILES,
    }
