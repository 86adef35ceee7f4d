"""Known failures of pipeline runs: what the service says, what it means, what to type next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import AzureResponseError

from azext_acrtransfer.guidance import (
    GRANT_SECRET,
    GRANT_SECRET_BY_ROLE,
    GRANT_STORAGE,
    Facts,
    facts_of_id,
    facts_of_pipeline,
    facts_of_storage,
)
from azext_acrtransfer.kinds import EXPORT, kind_of_pipeline
from azext_acrtransfer.masking import mask_sas
from azext_acrtransfer.values import StorageAccessMode

_NEW_SAS = (
    "az storage container generate-sas --account-name {account} --name {container} "
    "--permissions {sas-permissions} --https-only --expiry <date> --output tsv",
    "az keyvault secret set --vault-name {vault} --name {secret} --value '?<the SAS>'",
)
_RERUN = "Then run the same command again with --force-redeploy."


@dataclass(frozen=True)
class KnownFailure:
    """One row: ``says`` is looked for in the service's message, first match wins."""

    code: str
    says: re.Pattern[str]
    means: str
    commands: tuple[str, ...] = ()
    advice: str = _RERUN
    mode: StorageAccessMode | None = None


def _says(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# Only the wording of storage-refused is known from Azure itself; the others are matched on words
# that any wording of theirs can hardly do without.
KNOWN_FAILURES = (
    KnownFailure(
        "secret-missing",
        _says(r"key ?vault.*(404|not found)"),
        "The Key Vault secret that should hold the SAS does not exist.",
        ("az keyvault secret set --vault-name {vault} --name {secret} --value '?<the SAS>'",),
    ),
    KnownFailure(
        "secret-not-readable",
        _says(r"key ?vault.*(403|forbidden|denied)"),
        "The pipeline's identity may not read the Key Vault secret that holds the SAS, or the "
        "secret is disabled.",
        (GRANT_SECRET, "# or, for a vault that uses roles:", GRANT_SECRET_BY_ROLE),
    ),
    KnownFailure(
        "blob-missing",
        _says(r"storage.*404.*blob"),
        "The container holds no blob of that name.",
        (
            "az storage blob list --account-name {account} --container-name {container} "
            "--output table",
        ),
        "Check --storage-blob.",
    ),
    KnownFailure(
        "container-missing",
        _says(r"storage.*404"),
        "The pipeline's container does not exist.",
        ("az storage container create --account-name {account} --name {container}",),
    ),
    KnownFailure(
        "role-missing",
        _says(r"storage.*403"),
        "The pipeline's identity has no role on the storage account that is enough for this, or "
        "the account's firewall is closed: the service is not among those that storage trusts.",
        (GRANT_STORAGE,),
        mode=StorageAccessMode.MANAGED_IDENTITY,
    ),
    KnownFailure(
        "sas-refused",
        _says(r"storage.*403"),
        "Storage refused the SAS: it has expired or is not valid yet, lacks a permission, belongs "
        "to another account, or the account's firewall is closed (the service is not among those "
        "that storage trusts).",
        _NEW_SAS,
        mode=StorageAccessMode.SAS_TOKEN,
    ),
    KnownFailure(
        "blob-exists",
        _says(r"blob.*already exists"),
        "A blob of that name is there already, and the pipeline may not overwrite it.",
        (
            "az acr export-pipeline update --resource-group {group} --registry {registry} "
            "--name {pipeline} --add options OverwriteBlobs",
        ),
        "Or choose another --storage-blob.",
    ),
    KnownFailure(
        "tag-exists",
        _says(r"tag.*already exists"),
        "A tag of that name is there already with other content, and the pipeline may not "
        "overwrite it.",
        (
            "az acr import-pipeline update --resource-group {group} --registry {registry} "
            "--name {pipeline} --add options OverwriteTags",
        ),
    ),
    KnownFailure(
        "artifact-missing",
        _says(r"artifact.*not found"),
        "The registry holds no artifact of that name.",
        ("az acr repository list --name {registry} --output table",),
        "Check the spelling in --artifacts.",
    ),
    KnownFailure(
        "layer-too-large",
        _says(r"layer.*(limit|larger|size)"),
        "A layer is larger than the 8 GB that the service carries.",
        (),
        "Build the image with smaller layers.",
    ),
    KnownFailure(
        "interrupted",
        _says(r"interrupted"),
        "The service was restarted while the run was under way.",
    ),
)


def explain(run: Any, pipeline: Any = None) -> tuple[KnownFailure, Facts] | None:
    """The known failure that a failed run is a case of, and what is known to fill in."""
    pipeline_id = run.request and run.request.pipeline_resource_id
    kind = kind_of_pipeline(pipeline_id) or EXPORT
    place = (run.response and getattr(run.response, kind.side)) or (
        pipeline and getattr(pipeline, kind.side)
    )
    facts = Facts(facts_of_id(run.id) | facts_of_storage(place))
    if pipeline:
        facts.update(facts_of_pipeline(pipeline, kind))
    elif pipeline_id:
        facts["pipeline"] = pipeline_id.rpartition("/")[2]
    message, mode = error_message(run), _mode(place)
    for failure in KNOWN_FAILURES:
        if failure.says.search(message) and failure.mode in (None, mode):
            return failure, facts
    return None


def error_message(run: Any) -> str:
    """What the service says of the failure, in full but for the signature of a SAS."""
    told = run.response and run.response.pipeline_run_error_message
    return mask_sas(told or "The service gives no reason.")


def advice(run: Any, pipeline: Any = None) -> list[str]:
    """What a failure probably means and what to type next, line by line."""
    known = explain(run, pipeline)
    if not known:
        return [
            "This failure is not among the known ones. If the message does not help, give the ids "
            "of the run to Azure's support."
        ]
    failure, facts = known
    return [failure.means, *(facts.fill(command) for command in failure.commands), failure.advice]


def failed(run: Any, pipeline: Any, correlation_id: str | None) -> AzureResponseError:
    """The error that a failed run is for the command that waited for it."""
    ids = f"Run: {run.id}" + (f"\nCorrelation ID: {correlation_id}" if correlation_id else "")
    return AzureResponseError(
        f"The pipeline run '{run.name}' failed: {error_message(run)}\n{ids}",
        recommendation=advice(run, pipeline),
    )


def _mode(place: Any) -> StorageAccessMode:
    told = place and place.storage_access_mode
    if told == StorageAccessMode.MANAGED_IDENTITY.value:
        return StorageAccessMode.MANAGED_IDENTITY
    return StorageAccessMode.SAS_TOKEN
