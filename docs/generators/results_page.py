"""docs/reference/results.md: the JSON of commands that return none of the service's resources."""

from __future__ import annotations

from collections.abc import Mapping

from azext_acrtransfer.manifest.carried_files import VerifiedBlob
from azext_acrtransfer.manifest.verification import VerifiedArtifact
from azext_acrtransfer.transfer.cleaning import CleanOutcome
from azext_acrtransfer.transfer.preview import PlannedRun

_TYPES = {
    "str": "string",
    "int": "integer",
    "list[str]": "list of strings",
}
_PLANNED_RUN = {
    "name": "Name of the run.",
    "pipeline": "Name of the pipeline.",
    "type": "`export` or `import`.",
    "blob": "Name of the blob.",
    "artifacts": "Artifacts to export. Empty for an import.",
    "missing": "Those of the artifacts that don't exist. Null for an import, or if the registry "
    "can't be read.",
    "skipped": "Artifacts that `--skip` leaves out, next to those of this run in the selection.",
    "size": "Estimated bytes of the blob: the manifests, configurations and layers of the "
    "artifacts, each once. Null for an import, or if the registry can't be read.",
}
_VERIFIED_ARTIFACT = {
    "reference": "Artifact of the manifest, or a child of an index.",
    "parent": "The index that contains the child. Null for an artifact of the manifest.",
    "subject": "Digest that a referrer, such as a signature, refers to. Null for other artifacts.",
    "status": "`present`, `missing`, `different`, `unlisted` or `unknown`. Unlisted: the registry "
    "has the referrer, but doesn't list it under its subject.",
    "expected": "Digest in the manifest.",
    "found": "Digest in the registry. Null if there is none, or if it can't be read.",
    "error": "Why the registry can't be read. Null if it can.",
}
_VERIFIED_BLOB = {
    "blob": "Blob of the manifest, or a file that isn't in it, by its path below the folder.",
    "status": "`present`, `missing`, `truncated` (the file is shorter), `different`, `extra` (the "
    "manifest doesn't contain it) or `unknown`.",
    "expectedSize": "Bytes of the blob in the manifest. Null if the manifest doesn't contain them.",
    "foundSize": "Bytes of the file. Null if there is none, or if it can't be read.",
    "expectedMd5": "MD5 in the manifest, in Base64. Null if the manifest doesn't contain it.",
    "foundMd5": "MD5 of the file, in Base64. Null if it wasn't read: its size is different.",
    "error": "Why the blob can't be compared. Null if it can.",
}
_CLEAN_OUTCOME = {
    "name": "Name of the run.",
    "outcome": "`Deleted`, `Failed` if it couldn't be deleted, or `Restarted` if it was kept.",
    "error": "Why it couldn't be deleted. Null if it was.",
}


def results() -> str:
    """The page."""
    return "\n".join(
        [
            "# Results",
            "",
            "<!-- made by scripts/docs from the types of the results -->",
            "",
            "These commands return a list of the following objects. Each has all properties, and",
            "no other. [The checks](checks.md) and [the manifest](transfer-manifest.md) have",
            "separate pages.",
            "",
            *_section("create --dry-run", PlannedRun, _PLANNED_RUN),
            "One object for each run that would be created, also for a single one. If `--skip`",
            "leaves out every artifact, the list is empty. A warning on stderr then names the",
            "skipped artifacts.",
            "",
            *_section("verify", VerifiedArtifact, _VERIFIED_ARTIFACT),
            *_section("verify --blobs", VerifiedBlob, _VERIFIED_BLOB),
            "With `--only-differences`, either list has only objects whose `status` isn't",
            "`present`.",
            "",
            *_section("clean", CleanOutcome, _CLEAN_OUTCOME),
            "`clean --dry-run` returns the failed runs as `list` does.",
            "",
        ]
    )


def _section(command: str, shape: type, texts: Mapping[str, str]) -> list[str]:
    return [
        f"## az acr pipeline-run {command}",
        "",
        "| property | type | content |",
        "|---|---|---|",
        *(
            f"| `{name}` | {_type(str(annotation.__forward_arg__))} | {texts[name]} |"
            for name, annotation in shape.__annotations__.items()
        ),
        "",
    ]


def _type(annotation: str) -> str:
    words = annotation.removesuffix(" | None")
    return _TYPES[words] + (" or null" if words != annotation else "")
