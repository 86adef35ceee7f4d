"""docs/reference/transfer-manifest.md: its tables from the schema, its example from the code."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from azext_acrtransfer.manifest.model import (
    Entry,
    ManifestKind,
    ManifestRun,
    Result,
    TransferManifest,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.version import VERSION

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "reference" / "transfer-manifest.schema.json").read_text("utf-8")
)

_IMAGE = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


def _digest(digit: str) -> str:
    return f"sha256:{digit * 64}"


IMAGE = Descriptor(_digest("1"), _IMAGE, 525)
INDEX = Descriptor(
    _digest("2"),
    _INDEX,
    491,
    (Descriptor(_digest("3"), _IMAGE, 525), Descriptor(_digest("4"), _IMAGE, 527)),
)
#: A signature of the index.
SIGNATURE = Descriptor(_digest("6"), _IMAGE, 733, subject=INDEX.digest)
#: Content of the blob of the run that succeeded.
JANUARY = b"layers of January\n" * 64
#: An export in two runs, the second of which could not find one of its artifacts.
EXPORT = TransferManifest(
    ManifestKind.EXPORT,
    "2026-01-20T12:34:56+00:00",
    "sourceregistry.azurecr.io",
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mygroup/providers/"
    "Microsoft.ContainerRegistry/registries/sourceregistry/exportPipelines/export01",
    (
        ManifestRun(
            "january001",
            "january-001",
            "Succeeded",
            "2026-01-20T12:30:01+00:00",
            "2026-01-20T12:33:12+00:00",
            estimated_size=48_231_907,
            # Of a text for tests, not of a real blob.
            blob_size=len(JANUARY),
            blob_md5=b64encode(hashlib.md5(JANUARY, usedforsecurity=False).digest()).decode(),
            catalog_digest=_digest("7"),
        ),
        ManifestRun(
            "january002",
            "january-002",
            "Failed",
            "2026-01-20T12:30:02+00:00",
            "2026-01-20T12:34:55+00:00",
            "Artifact 'samples/hello:2.0' wasn't found in registry 'sourceregistry'.",
            estimated_size=3_208_942,
        ),
    ),
    (
        Entry(Artifact("samples/hello", "1.0"), Result.SKIPPED, IMAGE),
        Entry(Artifact("samples/nginx", "1.25"), Result.EXPORTED, INDEX, "january001"),
        Entry(
            Artifact("samples/nginx", SIGNATURE.digest), Result.EXPORTED, SIGNATURE, "january001"
        ),
        Entry(
            Artifact("samples/hello", "2.0"),
            Result.FAILED,
            Descriptor(_digest("5"), _IMAGE, 525),
            "january002",
            "Artifact 'samples/hello:2.0' wasn't found in registry 'sourceregistry'.",
        ),
    ),
    VERSION,
)
#: What a registry had of it.
VERIFICATION = TransferManifest(
    ManifestKind.VERIFICATION,
    "2026-01-21T08:00:00+00:00",
    "targetregistry.azurecr.io",
    entries=(
        Entry(Artifact("samples/hello", "1.0"), Result.PRESENT, IMAGE),
        Entry(
            Artifact("samples/nginx", "1.25"),
            Result.MISSING,
            INDEX,
            error=f"missing: {_digest('4')}",
        ),
        Entry(
            Artifact("samples/nginx", SIGNATURE.digest),
            Result.MISSING,
            SIGNATURE,
            error=f"missing: in the referrers of {INDEX.digest}",
        ),
        Entry(Artifact("samples/hello", "2.0"), Result.MISSING),
    ),
    written_by=VERSION,
)

_TOP = """# The transfer manifest

<!-- made by scripts/docs from transfer-manifest.schema.json and the extension's own code -->

A JSON file that goes with the blobs and lets the target side prove that everything arrived.

- An export writes it: `az acr pipeline-run create --manifest FILE`.
- The target side compares its registry with it, with no way to the source:
  `az acr pipeline-run verify --manifest FILE`.
- `az acr pipeline-run wait --manifest FILE` completes it, if the export was interrupted or did not
  wait: it waits until all runs have ended, adds their results, and fails if something failed.
- Before the upload, `az acr pipeline-run verify --manifest FILE --blobs FOLDER` compares the
  carried files with it by size and MD5, without a network. Both are in the manifest if whoever
  exported may read the blobs, such as by the role *Storage Blob Data Reader* on the container.
- `verify --write FILE` writes one of what that registry has. The next export may take it as
  `--skip FILE`, to leave out what the target has, or as `--only-failed FILE`, to export what it
  doesn't have. Artifacts that couldn't be read are left out of it.

It holds no secrets. Its terms are those of OCI: digest, media type and size are of the manifest or
index that a reference names, so that any OCI client can check them.
[transfer-manifest.schema.json](transfer-manifest.schema.json) is its JSON schema; the extension
refuses a file that the schema refuses.

An export writes it before the first run is requested, the artifacts of all runs being `unknown`,
and again when the runs are over or when it stops waiting for them. So whatever ends the command,
the file contains what is known and no more. It is replaced as a whole, keeps its file mode, and is
written by one command at a time: two exports that use one file add to it one after the other.

An export adds to a manifest that exists already, and takes back nothing that is known:

- If a run exists with the same properties, nothing is run, and its artifacts keep the digests that
  the manifest has. If their result was `unknown`, the manifest now contains how the run ended.
- If the service refuses a run, artifacts with the same digest keep their results.
- An artifact that was exported stays so if exporting the same digest into another blob fails.

A manifest of another registry or of the other kind, or another file, is not overwritten. Use a new
file for each transfer that is carried by itself.
"""

_PROMISES = """## Between versions

`schemaVersion` is 1. While it is, no field goes away or changes its meaning, none that is always
there becomes optional, and no word is added to `kind` and `result`. Fields may be added; readers
are to ignore what they do not know. A file with another number is refused.

Not promised: the order of fields, the wording of `error`, and that `status` has no further words.
"""


def transfer_manifest() -> str:
    """The whole page."""
    defs = SCHEMA["$defs"]
    return "\n".join(
        [
            _TOP,
            "## Fields",
            "",
            *_table("The document", SCHEMA),
            *_table("Each of `runs`", defs["run"]),
            *_table("Each of `artifacts`, with the fields of a descriptor", defs["artifact"]),
            *_table("A descriptor; one without `digest` has none of them", defs["descriptor"]),
            _PROMISES,
            "## Example",
            "",
            "```json",
            EXPORT.to_json() + "```",
            "",
        ]
    )


def _table(title: str, schema: dict[str, Any]) -> list[str]:
    rows = [
        f"| `{name}` | {'always' if name in schema['required'] else ''} | {_meaning(field)} |"
        for name, field in schema["properties"].items()
    ]
    return [f"{title}:", "", "| field | | meaning |", "|---|---|---|", *rows, ""]


def _meaning(field: dict[str, Any]) -> str:
    return str(field["description"]).replace("<", "&lt;")
