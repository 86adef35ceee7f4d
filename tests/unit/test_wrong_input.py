"""Wrong input: refused before any request, by the fitting type, with the value and advice."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core import azclierror

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from tests.support.az import Result
from tests.unit.conftest import AT, REGISTRY, Az, Service, pipeline

CONTAINER = "https://mystorage.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/sas"
DIGEST = "sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042"
SIGNATURE = "c2VjcmV0c2VjcmV0"
SAS = f"?sv=2026-02-06&sp=rl&sig={SIGNATURE}"

INVALID = azclierror.InvalidArgumentValueError
MISSING = azclierror.RequiredArgumentMissingError
EXCLUSIVE = azclierror.MutuallyExclusiveArgumentError


def assert_refused(
    result: Result, raised: list[Any], error: Any, message: str, advice: str
) -> None:
    """No request was made (the network is closed to these tests), and the error says it all."""
    assert (raised, result.stdout) == ([error], "")
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert f"\n{advice}" in result.stderr
    assert "Traceback" not in result.stderr


PIPELINE_REFUSALS: list[tuple[list[str], Any, str, str]] = [
    (
        ["-c", "http://mystorage.blob.core.windows.net/transfer"],
        INVALID,
        "Invalid value 'http://mystorage.blob.core.windows.net/transfer' for "
        "--storage-container-uri: expected an https URI.",
        "Use https://ACCOUNT.blob.core.windows.net/CONTAINER.",
    ),
    (
        ["-c", "mystorage"],
        INVALID,
        "Invalid value 'mystorage' for --storage-container-uri: expected an https URI.",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", "https://[::1/transfer"],
        INVALID,
        "Invalid value 'https://[::1/transfer' for --storage-container-uri: it is not a URI.",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", "https://mystorage.blob.core.windows.net/"],
        INVALID,
        "Invalid value 'https://mystorage.blob.core.windows.net/' for --storage-container-uri: the "
        "container is missing (is a variable unset?).",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", f"{CONTAINER}/myblob"],
        INVALID,
        f"Invalid value '{CONTAINER}/myblob' for --storage-container-uri: it names a blob, not a "
        "container.",
        "Use https://ACCOUNT.blob.core.windows.net/CONTAINER. To name a blob, use "
        "--storage-blob of 'az acr pipeline-run create'.",
    ),
    (
        ["-c", "https://mystorage.blob.core.windows.net/My_Container"],
        INVALID,
        "Invalid value 'https://mystorage.blob.core.windows.net/My_Container' for "
        "--storage-container-uri: 'My_Container' isn't a valid name of a container: expected 3 to "
        "63 lowercase letters, digits and single hyphens, no hyphen at an end.",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", CONTAINER + SAS],
        INVALID,
        f"Invalid value '{CONTAINER}' for --storage-container-uri: it must not contain a query",
        "Store a SAS token in a Key Vault secret",
    ),
    (
        ["-c", f"https://user:{SIGNATURE}@mystorage.blob.core.windows.net/transfer"],
        INVALID,
        f"Invalid value '{CONTAINER}' for --storage-container-uri: it must not contain a query",
        "Store a SAS token in a Key Vault secret",
    ),
    (
        ["-c", CONTAINER, "-s", "https://myvault.vault.azure.net/keys/sas"],
        INVALID,
        "Invalid value 'https://myvault.vault.azure.net/keys/sas' for --secret-uri: expected "
        "'/secrets/SECRET' after the vault, and at most a version of 32 characters.",
        "Use https://VAULT.vault.azure.net/secrets/SECRET.",
    ),
    (
        ["-c", CONTAINER, "-s", f"{SECRET}{SAS}"],
        INVALID,
        f"Invalid value '{SECRET}' for --secret-uri: it must not contain a query",
        "Store a SAS token in a Key Vault secret, and specify --secret-uri. If the SAS token was "
        "valid, revoke it. Use https://VAULT.vault.azure.net/secrets/SECRET.",
    ),
    (
        ["-c", CONTAINER, "-i", "myidentity"],
        INVALID,
        "Invalid value 'myidentity' for --assign-identity: expected the resource ID of a "
        "user-assigned identity, or [system].",
        "Run 'az identity show -g GROUP -n IDENTITY --query id' to get it.",
    ),
    (
        ["-c", CONTAINER, "-i", REGISTRY],
        INVALID,
        f"Invalid value '{REGISTRY}' for --assign-identity: expected the resource ID of a "
        "user-assigned identity, or [system].",
        "Run 'az identity show -g GROUP -n IDENTITY --query id' to get it.",
    ),
    (
        ["-c", CONTAINER, "-z", "ContinueOnError"],
        INVALID,
        "'ContinueOnError' is not a valid value for '--options'.",
        "Did you mean 'ContinueOnErrors' ?",
    ),
    (
        ["-c", CONTAINER, "-m", "SasToken"],
        MISSING,
        "--storage-access-mode SasToken requires --secret-uri, the Key Vault secret that stores "
        "the SAS token.",
        "Add --secret-uri https://VAULT.vault.azure.net/secrets/SECRET, or use "
        "--storage-access-mode ManagedIdentity.",
    ),
    (
        ["-c", CONTAINER, "-m", "ManagedIdentity", "-s", SECRET],
        EXCLUSIVE,
        f"--secret-uri '{SECRET}' doesn't apply to --storage-access-mode ManagedIdentity",
        "Omit --secret-uri, or use --storage-access-mode SasToken.",
    ),
    (
        ["-c", CONTAINER, "-m", "Sas"],
        INVALID,
        "'Sas' is not a valid value for '--storage-access-mode'. Allowed values: ManagedIdentity, "
        "SasToken.",
        "",
    ),
    (
        ["-c", CONTAINER, "-n", "four"],
        INVALID,
        "Invalid value 'four' for --name: expected 5 to 50 letters and digits.",
        "Use a name such as 'export01'.",
    ),
    (
        ["-c", CONTAINER, "-n", "my_pipeline"],
        INVALID,
        "Invalid value 'my_pipeline' for --name",
        "Use a name such as 'export01'.",
    ),
    (
        ["-c", CONTAINER, "-r", "my-registry"],
        INVALID,
        "Invalid value 'my-registry' for --registry: expected a registry name of 5 to 50",
        "Run 'az acr list --query \"[].name\"' to see the registries of the subscription.",
    ),
    (
        ["-c", CONTAINER, "-r", "myregistry.azurecr.us"],
        INVALID,
        "for --registry: login servers of the active cloud end in '.azurecr.io'.",
        "Use the name only, 'myregistry'",
    ),
    # What an unset variable leaves is no name.
    (
        ["-c", CONTAINER, "-n", ""],
        INVALID,
        "Invalid value '' for --name: expected 5 to 50 letters and digits.",
        "Use a name such as 'export01'.",
    ),
    (
        ["-c", CONTAINER, "-r", ""],
        INVALID,
        "Invalid value '' for --registry: expected a registry name of 5 to 50",
        "Run 'az acr list --query \"[].name\"' to see the registries of the subscription.",
    ),
]


@pytest.mark.parametrize(("argv", "error", "message", "advice"), PIPELINE_REFUSALS)
def test_a_pipeline_is_refused_before_any_request(
    az: Az,
    kind: PipelineKind,
    raised: list[Any],
    argv: list[str],
    error: Any,
    message: str,
    advice: str,
) -> None:
    words = ["acr", kind.group, "create", *AT, "-n", "mypipeline", *argv]
    result = az(*words)
    assert_refused(result, raised, error, message, advice)
    assert SIGNATURE not in result.stderr


EXPORT_RUN = ["-t", "export", "-b", "myblob"]
IMPORT_RUN = ["-t", "import", "-b", "myblob"]

FIFTY_ONE = [f"hello:v{number}" for number in range(51)]
RUN_REFUSALS: list[tuple[list[str], Any, str, str]] = [
    (
        EXPORT_RUN,
        MISSING,
        "--pipeline-type export requires --artifacts, the artifacts to export.",
        "Specify --artifacts with one or more references. Use REPOSITORY:TAG or "
        "REPOSITORY@sha256:DIGEST.",
    ),
    (
        [*IMPORT_RUN, "-a", "hello:v1"],
        azclierror.ArgumentUsageError,
        "--artifacts applies only to --pipeline-type export",
        "Omit --artifacts.",
    ),
    (
        ["-t", "exprot", "-b", "myblob", "-a", "hello"],
        INVALID,
        "'exprot' is not a valid value for '--pipeline-type'. Allowed values: export, import.",
        "Did you mean 'export' ?",
    ),
    (
        [*IMPORT_RUN, "--exclude", "hello:v1"],
        azclierror.ArgumentUsageError,
        "--exclude applies only to --pipeline-type export",
        "Omit --exclude.",
    ),
    (
        [*IMPORT_RUN, "--include-referrers"],
        azclierror.ArgumentUsageError,
        "--include-referrers applies only to --pipeline-type export.",
        "Omit --include-referrers.",
    ),
    (
        [*IMPORT_RUN, "--max-blob-size", "25GB"],
        azclierror.ArgumentUsageError,
        "--max-blob-size applies only to --pipeline-type export.",
        "Omit --max-blob-size.",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "--max-blob-size", "25 giga"],
        INVALID,
        "Invalid value '25 giga' for --max-blob-size: expected a number of bytes",
        "Use a value such as 25GB (25,000,000,000 bytes) or 25GiB (26,843,545,600 bytes).",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "-b", "myblob", "another"],
        INVALID,
        "Invalid value 'myblob another' for --storage-blob: an export writes one blob",
        "Specify one name without '*'.",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "-b", "my*"],
        INVALID,
        "Invalid value 'my*' for --storage-blob: an export writes one blob",
        "Specify one name without '*'.",
    ),
    (
        [*EXPORT_RUN, "-n", 48 * "r", "-a", *FIFTY_ONE],
        INVALID,
        f"Invalid value '{48 * 'r'}' for --name: 2 runs are required, and with a number the name "
        "is longer than 50.",
        "Specify a name of at most 47 characters.",
    ),
    (
        [*EXPORT_RUN, "-b", 1021 * "b", "-a", *FIFTY_ONE],
        INVALID,
        "for --storage-blob: 2 runs are required, and with a number the name is longer than 1024.",
        "Specify a name of at most 1020 characters.",
    ),
    (
        [*EXPORT_RUN, "-a", "", "# all of them\n"],
        INVALID,
        "--artifacts is empty, or has nothing but comments.",
        "Use REPOSITORY:TAG or REPOSITORY@sha256:DIGEST.",
    ),
    (
        [*EXPORT_RUN, "-a", "Hello:v1"],
        INVALID,
        "Invalid value 'Hello:v1' for --artifacts: 'Hello' isn't a valid name of a repository",
        "Use REPOSITORY:TAG",
    ),
    (
        [*EXPORT_RUN, "-a", "hello:"],
        INVALID,
        "Invalid value 'hello:' for --artifacts: '' isn't a valid tag.",
        "Use REPOSITORY:TAG",
    ),
    (
        [*EXPORT_RUN, "-a", "hello@sha256:123"],
        INVALID,
        "Invalid value 'hello@sha256:123' for --artifacts: 'sha256:123' isn't a SHA-256 digest.",
        "Use REPOSITORY:TAG",
    ),
    (
        [*EXPORT_RUN, "-a", f"hello:v1@{DIGEST}"],
        INVALID,
        "a reference contains a tag or a digest, not both.",
        "Use REPOSITORY:TAG",
    ),
    (
        [*EXPORT_RUN, "-a", "myregistry.azurecr.io/hello:v1"],
        INVALID,
        "Invalid value 'myregistry.azurecr.io/hello:v1' for --artifacts: a reference begins with "
        "the repository",
        "Use 'hello:v1'.",
    ),
    (
        ["-t", "import", "-b", f"{CONTAINER}/myblob{SAS}"],
        INVALID,
        f"Invalid value '{CONTAINER}/myblob?sv=2026-02-06&sp=rl&sig=***' for --storage-blob: "
        "expected the name of a blob, not its URI or a SAS.",
        "Specify the name only",
    ),
    (
        ["-t", "import", "-b", "folder/"],
        INVALID,
        "Invalid value 'folder/' for --storage-blob",
        "Choose a name such as 'images-2026-01.tar'.",
    ),
    (
        ["-n", "run_1", *IMPORT_RUN],
        INVALID,
        "Invalid value 'run_1' for --name: expected 5 to 50 letters and digits.",
        "Use a name such as 'export01'.",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "-p", "a/b"],
        INVALID,
        "Invalid value 'a/b' for --pipeline: expected a resource name.",
        "The group's command 'list' shows the names.",
    ),
]


@pytest.mark.parametrize(("argv", "error", "message", "advice"), RUN_REFUSALS)
def test_a_run_is_refused_before_any_request(
    az: Az, raised: list[Any], argv: list[str], error: Any, message: str, advice: str
) -> None:
    words = ["acr", "pipeline-run", "create", *AT, "-p", "mypipeline", "-n", "myrun01", *argv]
    result = az(*words)
    assert_refused(result, raised, error, message, advice)
    assert SIGNATURE not in result.stderr


@pytest.mark.parametrize("top", ["0", "-2"])
def test_top_is_a_positive_number(az: Az, raised: list[Any], top: str) -> None:
    result = az("acr", "pipeline-run", "list", *AT, "--top", top)
    message = f"Invalid value '{top}' for --top: expected a whole number from 1."
    assert_refused(result, raised, INVALID, message, "Omit --top")


def test_fifty_artifacts_are_not_too_many(az: Az, service: Service) -> None:
    path = f"{REGISTRY}/exportPipelines/mypipeline"
    service.answers("GET", path, {"error": {"code": "Stop", "message": "here"}}, status=403)
    names = [f"hello:v{number}" for number in range(50)]
    words = ["acr", "pipeline-run", "create", *AT, "-p", "mypipeline", "-n", "myrun01"]
    result = az(*words, *EXPORT_RUN, "-a", *names)
    assert "(Stop) here" in result.stderr


@pytest.mark.parametrize(
    ("argv", "option"),
    [
        (
            ["-c", "https://mystorage.blob.core.usgovcloudapi.net/transfer"],
            "--storage-container-uri",
        ),
        (["-c", CONTAINER, "-s", "https://myvault.vault.azure.cn/secrets/sas"], "--secret-uri"),
    ],
)
def test_another_clouds_host_is_only_warned_about(
    az: Az, service: Service, argv: list[str], option: str
) -> None:
    service.answers("PUT", f"{REGISTRY}/exportPipelines/mypipeline", pipeline(EXPORT))
    result = az("acr", "export-pipeline", "create", *AT, "-n", "mypipeline", *argv)
    assert result.exit_code == 0
    assert f"WARNING: {option} '{argv[-1]}' isn't in the active cloud" in result.stderr


@pytest.mark.parametrize(
    "typed",
    [
        "https://MyStorage.blob.core.windows.net/transfer/",
        "https://mystorage.z12.blob.storage.azure.net/transfer",
    ],
)
def test_the_uri_is_sent_as_typed(az: Az, service: Service, typed: str) -> None:
    service.answers("PUT", f"{REGISTRY}/exportPipelines/mypipeline", pipeline(EXPORT))
    result = az("acr", "export-pipeline", "create", *AT, "-n", "mypipeline", "-c", typed)
    assert "not of the active cloud" not in result.stderr
    assert service.body("PUT")["properties"]["target"]["uri"] == typed
