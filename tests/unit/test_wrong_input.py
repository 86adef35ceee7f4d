"""Wrong input: refused before any request, by the fitting type, with the value and advice."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core import azclierror

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from tests.support.az import Result
from tests.support.wording import (
    BLOB_NAME,
    EXPORT_ONLY,
    LIST_SHOWS_NAMES,
    NAME_EXAMPLE,
    NAME_RULE,
    NO_REGISTRY_IN_REFERENCE,
    WHOLE_NUMBER,
    invalid,
)
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline

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
        f"{invalid('http://mystorage.blob.core.windows.net/transfer', '--storage-container-uri')}: "
        "expected an https URI.",
        "Use https://ACCOUNT.blob.core.windows.net/CONTAINER.",
    ),
    (
        ["-c", "mystorage"],
        INVALID,
        f"{invalid('mystorage', '--storage-container-uri')}: expected an https URI.",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", "https://[::1/transfer"],
        INVALID,
        f"{invalid('https://[::1/transfer', '--storage-container-uri')}: it is not a URI.",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", "https://mystorage.blob.core.windows.net/"],
        INVALID,
        f"{invalid('https://mystorage.blob.core.windows.net/', '--storage-container-uri')}: the "
        "container is missing (is a variable unset?).",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", f"{CONTAINER}/myblob"],
        INVALID,
        f"{invalid(f'{CONTAINER}/myblob', '--storage-container-uri')}: it names a blob, not a "
        "container.",
        "Use https://ACCOUNT.blob.core.windows.net/CONTAINER. To name a blob, use "
        "--storage-blob of 'az acr pipeline-run create'.",
    ),
    (
        ["-c", "https://any.blob.core.windows.net/My_Container"],
        INVALID,
        f"{invalid('https://any.blob.core.windows.net/My_Container', '--storage-container-uri')}: "
        "'My_Container' isn't a valid name of a container: expected 3 to 63 lowercase letters, "
        "digits and single hyphens, no hyphen at an end.",
        "Use https://ACCOUNT",
    ),
    (
        ["-c", CONTAINER + SAS],
        INVALID,
        f"{invalid(CONTAINER, '--storage-container-uri')}: it must not contain a query",
        "Store a SAS token in a Key Vault secret",
    ),
    (
        ["-c", f"https://user:{SIGNATURE}@mystorage.blob.core.windows.net/transfer"],
        INVALID,
        f"{invalid(CONTAINER, '--storage-container-uri')}: it must not contain a query",
        "Store a SAS token in a Key Vault secret",
    ),
    (
        ["-c", CONTAINER, "-s", "https://myvault.vault.azure.net/keys/sas"],
        INVALID,
        f"{invalid('https://myvault.vault.azure.net/keys/sas', '--secret-uri')}: expected "
        "'/secrets/SECRET' after the vault, and at most a version of 32 characters.",
        "Use https://VAULT.vault.azure.net/secrets/SECRET.",
    ),
    (
        ["-c", CONTAINER, "-s", f"{SECRET}{SAS}"],
        INVALID,
        f"{invalid(SECRET, '--secret-uri')}: it must not contain a query",
        "Store a SAS token in a Key Vault secret, and specify --secret-uri. If the SAS token was "
        "valid, revoke it. Use https://VAULT.vault.azure.net/secrets/SECRET.",
    ),
    (
        ["-c", CONTAINER, "-i", "myidentity"],
        INVALID,
        f"{invalid('myidentity', '--assign-identity')}: expected the resource ID of a "
        "user-assigned identity, or [system].",
        "Run 'az identity show -g GROUP -n IDENTITY --query id' to get it.",
    ),
    (
        ["-c", CONTAINER, "-i", REGISTRY],
        INVALID,
        f"{invalid(REGISTRY, '--assign-identity')}: expected the resource ID of a "
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
        f"{invalid('four', '--name')}: {NAME_RULE}.",
        NAME_EXAMPLE,
    ),
    (
        ["-c", CONTAINER, "-n", "my_pipeline"],
        INVALID,
        invalid("my_pipeline", "--name"),
        NAME_EXAMPLE,
    ),
    (
        ["-c", CONTAINER, "-r", "my-registry"],
        INVALID,
        f"{invalid('my-registry', '--registry')}: expected a registry name of 5 to 50",
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
        f"{invalid('', '--name')}: {NAME_RULE}.",
        NAME_EXAMPLE,
    ),
    (
        ["-c", CONTAINER, "-r", ""],
        INVALID,
        f"{invalid('', '--registry')}: expected a registry name of 5 to 50",
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
    words = ["acr", kind.group, "create", *WHERE, "-n", "mypipeline", *argv]
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
        f"--artifacts {EXPORT_ONLY}",
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
        f"--exclude {EXPORT_ONLY}",
        "Omit --exclude.",
    ),
    (
        [*IMPORT_RUN, "--include-referrers"],
        azclierror.ArgumentUsageError,
        f"--include-referrers {EXPORT_ONLY}.",
        "Omit --include-referrers.",
    ),
    (
        [*IMPORT_RUN, "--max-blob-size", "25GB"],
        azclierror.ArgumentUsageError,
        f"--max-blob-size {EXPORT_ONLY}.",
        "Omit --max-blob-size.",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "--max-blob-size", "25 giga"],
        INVALID,
        f"{invalid('25 giga', '--max-blob-size')}: expected a number of bytes",
        "Use a value such as 25GB (25,000,000,000 bytes) or 25GiB (26,843,545,600 bytes).",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "-b", "myblob", "another"],
        INVALID,
        f"{invalid('myblob another', '--storage-blob')}: an export writes one blob",
        "Specify one name without '*'.",
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "-b", "my*"],
        INVALID,
        f"{invalid('my*', '--storage-blob')}: an export writes one blob",
        "Specify one name without '*'.",
    ),
    (
        [*EXPORT_RUN, "-n", 48 * "r", "-a", *FIFTY_ONE],
        INVALID,
        f"{invalid(48 * 'r', '--name')}: 2 runs are required, and with a number the name "
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
        f"{invalid('Hello:v1', '--artifacts')}: 'Hello' isn't a valid name of a repository",
        "Use REPOSITORY:TAG",
    ),
    (
        [*EXPORT_RUN, "-a", "hello:"],
        INVALID,
        f"{invalid('hello:', '--artifacts')}: '' isn't a valid tag.",
        "Use REPOSITORY:TAG",
    ),
    (
        [*EXPORT_RUN, "-a", "hello@sha256:123"],
        INVALID,
        f"{invalid('hello@sha256:123', '--artifacts')}: 'sha256:123' isn't a SHA-256 digest.",
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
        f"{invalid('myregistry.azurecr.io/hello:v1', '--artifacts')}: {NO_REGISTRY_IN_REFERENCE}",
        "Use 'hello:v1'.",
    ),
    (
        ["-t", "import", "-b", f"{CONTAINER}/myblob{SAS}"],
        INVALID,
        f"{invalid(f'{CONTAINER}/myblob?sv=2026-02-06&sp=rl&sig=***', '--storage-blob')}: "
        f"{BLOB_NAME} or a SAS.",
        "Specify the name only",
    ),
    (
        ["-t", "import", "-b", "folder/"],
        INVALID,
        invalid("folder/", "--storage-blob"),
        "Choose a name such as 'images-2026-01.tar'.",
    ),
    (
        ["-n", "run_1", *IMPORT_RUN],
        INVALID,
        f"{invalid('run_1', '--name')}: {NAME_RULE}.",
        NAME_EXAMPLE,
    ),
    (
        [*EXPORT_RUN, "-a", "hello", "-p", "a/b"],
        INVALID,
        f"{invalid('a/b', '--pipeline')}: expected a resource name.",
        LIST_SHOWS_NAMES,
    ),
]


@pytest.mark.parametrize(("argv", "error", "message", "advice"), RUN_REFUSALS)
def test_a_run_is_refused_before_any_request(
    az: Az, raised: list[Any], argv: list[str], error: Any, message: str, advice: str
) -> None:
    words = ["acr", "pipeline-run", "create", *WHERE, "-p", "mypipeline", "-n", "myrun01", *argv]
    result = az(*words)
    assert_refused(result, raised, error, message, advice)
    assert SIGNATURE not in result.stderr


@pytest.mark.parametrize("top", ["0", "-2"])
def test_top_is_a_positive_number(az: Az, raised: list[Any], top: str) -> None:
    result = az("acr", "pipeline-run", "list", *WHERE, "--top", top)
    message = f"{invalid(top, '--top')}: {WHOLE_NUMBER}."
    assert_refused(result, raised, INVALID, message, "Omit --top")


def test_fifty_artifacts_are_not_too_many(az: Az, service: Service) -> None:
    path = f"{REGISTRY}/exportPipelines/mypipeline"
    service.answers("GET", path, {"error": {"code": "Stop", "message": "here"}}, status=403)
    names = [f"hello:v{number}" for number in range(50)]
    words = ["acr", "pipeline-run", "create", *WHERE, "-p", "mypipeline", "-n", "myrun01"]
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
    result = az("acr", "export-pipeline", "create", *WHERE, "-n", "mypipeline", *argv)
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
    result = az("acr", "export-pipeline", "create", *WHERE, "-n", "mypipeline", "-c", typed)
    assert "not of the active cloud" not in result.stderr
    assert service.body("PUT")["properties"]["target"]["uri"] == typed
