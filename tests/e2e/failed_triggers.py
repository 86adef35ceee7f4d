"""What keeps a source trigger from starting a run, for each row of the table of known failures."""

from __future__ import annotations

import time
from collections.abc import Callable

from azure.storage.blob import ContentSettings

from tests.e2e.failed_runs import MANAGED
from tests.e2e.failing import BLOB, Scene
from tests.support.cloud import eventually
from tests.support.emulator_wording import (
    NO_CATEGORY,
    NO_CONTENT_MD5,
    STORAGE_STATUS,
    TOO_OLD,
    TRIGGER_DISABLED,
)
from tests.support.site import Mode

#: Breaks a scene; the reason that the emulator reports begins with what it returns.
Cause = Callable[[Scene], str]


def disabled(scene: Scene) -> str:
    scene.trigger = "Disabled"
    return TRIGGER_DISABLED


def without_md5(scene: Scene) -> str:
    blob = scene.site.container.get_blob_client(BLOB)
    blob.set_http_headers(ContentSettings(content_type="application/x-tar"))
    return NO_CONTENT_MD5


def without_metadata(scene: Scene) -> str:
    scene.site.container.get_blob_client(BLOB).set_blob_metadata({})
    return NO_CATEGORY


def too_old(scene: Scene) -> str:
    scene.cloud.control("clock", advance=61 * 24 * 3600)
    # Storage stamps blobs with whole seconds: what is changed next is to be seen to come after.
    begun = int(time.time())
    eventually(lambda: int(time.time()) > begun or None)
    return TOO_OLD


def without_list(scene: Scene) -> str:
    scene.write_sas(permissions="r")
    return f"{STORAGE_STATUS}403"


CASES: list[tuple[str, Mode, Cause]] = [
    ("trigger-disabled", MANAGED, disabled),
    ("trigger-no-md5", MANAGED, without_md5),
    ("trigger-metadata-lost", MANAGED, without_metadata),
    ("trigger-no-list", "SasToken", without_list),
    ("trigger-too-old", MANAGED, too_old),
]
