"""What the `request` of a pipeline run may be."""

from collections.abc import Mapping
from typing import Any

from acr_emulator.runs.pipelines import EXPORT, PipelineKind
from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.enumerations import one_of

#: Documented; what Azure answers beyond it is not known.
MAX_ARTIFACTS = 50
_BLOB_TYPE = "AzureStorageBlob"


def read(kind: PipelineKind, requested: Mapping[str, Any]) -> dict[str, Any]:
    """Check a request and complete it."""
    request = {"pipelineResourceId": requested["pipelineResourceId"]}
    artifacts = requested.get("artifacts") or []
    if kind is EXPORT:
        _check_artifacts(artifacts)
        request["artifacts"] = artifacts
    elif artifacts:
        raise bad_request("InvalidParameter", "An import cannot choose among artifacts.")
    blob = requested.get(kind.side, {})
    if "name" not in blob:
        raise bad_request(
            "InvalidParameter", f"The property 'properties.request.{kind.side}.name' is required."
        )
    one_of(f"properties.request.{kind.side}.type", blob.get("type", _BLOB_TYPE), (_BLOB_TYPE,))
    request[kind.side] = {"type": _BLOB_TYPE, "name": blob["name"]}
    if "catalogDigest" in requested:
        request["catalogDigest"] = requested["catalogDigest"]
    return request


def _check_artifacts(artifacts: list[str]) -> None:
    if not artifacts:
        raise bad_request("InvalidParameter", "An export needs 'properties.request.artifacts'.")
    if len(artifacts) > MAX_ARTIFACTS:
        raise bad_request(
            "InvalidParameter",
            f"A run exports at most {MAX_ARTIFACTS} artifacts, not {len(artifacts)}.",
        )
