"""Help of every command; that of the two kinds of pipeline is one text, filled in twice."""

from __future__ import annotations

from knack.help_files import helps

from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, PipelineKind

_TRANSFERS = {
    EXPORT: "export artifacts to blobs",
    IMPORT: "import artifacts from blobs",
}

_PIPELINE_GROUP = """
type: group
short-summary: Manage pipelines that {transfers}.
long-summary: A pipeline stores the configuration of a transfer. To transfer artifacts, use \
`az acr pipeline-run create`. ACR Transfer is a preview feature of Azure.
"""

_PIPELINE_CREATE = """
type: command
short-summary: Create {article} {noun}.
long-summary: The pipeline's identity needs access to the storage account, or to the key vault \
that stores the SAS token. Use `--grant-access` to grant it. Otherwise, the command prints the \
required role assignment or access policy.
examples:
  - name: Create {article} {noun} that uses its managed identity
    text: |-
        az acr {group} create --registry myregistry \\
          --name my{name}pipeline \\
          --storage-container-uri https://mystorage.blob.core.windows.net/mycontainer
  - name: Create {article} {noun}, and grant its identity access to the storage account
    text: |-
        az acr {group} create --registry myregistry \\
          --name my{name}pipeline \\
          --storage-container-uri https://mystorage.blob.core.windows.net/mycontainer \\
          --grant-access
  - name: Create {article} {noun} that uses a SAS token from a key vault
    text: |-
        az acr {group} create --registry myregistry \\
          --name my{name}pipeline \\
          --storage-container-uri https://mystorage.blob.core.windows.net/mycontainer \\
          --secret-uri https://myvault.vault.azure.net/secrets/mysecret
  - name: Create {article} {noun} with all options and a user-assigned identity
    text: |-
        az acr {group} create --resource-group mygroup \\
          --registry myregistry --name my{name}pipeline \\
          --storage-container-uri https://mystorage.blob.core.windows.net/mycontainer \\
          {trigger}--storage-access-mode SasToken \\
          --secret-uri https://myvault.vault.azure.net/secrets/mysecret \\
          --options {options} \\
          --assign-identity /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/\
mygroup/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myidentity
"""

_PIPELINE_UPDATE = """
type: command
short-summary: Update {article} {noun}.
long-summary: Properties that aren't specified keep their values.
examples:
  - name: Replace the options of {article} {noun}
    text: |-
        az acr {group} update --registry myregistry \\
          --name my{name}pipeline --options {options}
  - name: Remove all options
    text: |-
        az acr {group} update --registry myregistry \\
          --name my{name}pipeline --options
  - name: Use the managed identity instead of a SAS token
    text: |-
        az acr {group} update --registry myregistry \\
          --name my{name}pipeline --storage-access-mode ManagedIdentity
  - name: Grant its identity the access that it needs
    text: |-
        az acr {group} update --registry myregistry \\
          --name my{name}pipeline --grant-access
"""

_PIPELINE_CHECK = """
type: command
short-summary: Check {article} {noun}'s prerequisites.
long-summary: |
    Read-only. Uses your permissions and never prints secrets. Each check returns a code, a status \
(pass, fail, warning, unknown), a message and a recommendation, which is a list of commands. \
Unknown means that the check couldn't be evaluated, such as without permission to read a resource; \
the message gives the reason.

    The exit code is 1 if a check fails, and 4 if the pipeline or your permission to run it is \
unknown.
examples:
  - name: Check {article} {noun}
    text: |-
        az acr {group} check --registry myregistry \\
          --name my{name}pipeline --output table
  - name: Check the artifacts and the blob of a transfer, too
    text: |-
        az acr {group} check --registry myregistry \\
          --name my{name}pipeline --storage-blob images.tar \\
          --artifacts samples/nginx:1.25
  - name: Check the artifacts and blobs in the manifest of an export
    text: |-
        az acr {group} check --registry myregistry \\
          --name my{name}pipeline --manifest manifest.json
  - name: Print the recommended commands of failed checks
    text: |-
        az acr {group} check --registry myregistry \\
          --name my{name}pipeline --query "[?status=='fail'].recommendation[]" \\
          --output tsv
  - name: Count unknown checks as failed
    text: |-
        az acr {group} check --registry myregistry \\
          --name my{name}pipeline --strict
"""

_SHOW = """
type: command
short-summary: Show {article} {noun}.
examples:
  - name: Show {article} {noun}
    text: |-
        az acr {group} show --registry myregistry \\
          --name {resource}
  - name: Print {query_text}
    text: |-
        az acr {group} show --registry myregistry \\
          --name {resource} --query {query} \\
          --output tsv
"""

_LIST = """
type: command
short-summary: List the {noun}s of a registry.
examples:
  - name: List the {noun}s of a registry in a table
    text: az acr {group} list --registry myregistry --output table
  - name: Print the names only
    text: |-
        az acr {group} list --registry myregistry --query "[].name" \\
          --output tsv
"""

_RUN_WAIT = """
type: command
short-summary: Wait for pipeline runs to end or reach a state.
long-summary: |
    Specify --manifest, --storage-blob, or --name with a condition such as --created.

    With --manifest, the command waits for all runs of an export and completes the manifest, also \
after the export command was interrupted or used --no-wait. It fails if a run failed, or if the \
result of an artifact is unknown.

    With --storage-blob, the command waits for the run that a source trigger creates for the \
current content of a blob. A run that started before the last upload doesn't count. To read when \
the blob was uploaded, you need the role Storage Blob Data Reader.
examples:
  - name: Wait for a run that was created with --no-wait
    text: az acr pipeline-run wait --registry myregistry --name myrun --created
  - name: Wait for all runs of an export, and complete its manifest
    text: az acr pipeline-run wait --manifest manifest.json
  - name: Wait until a source trigger has imported a blob
    text: |-
        az acr pipeline-run wait --registry myregistry \\
          --pipeline myimportpipeline --storage-blob images.tar --timeout 3600
"""

_DELETE = """
type: command
short-summary: Delete {article} {noun}.{delete_note}
examples:
  - name: Delete {article} {noun}
    text: |-
        az acr {group} delete --registry myregistry \\
          --name {resource}
  - name: Delete {article} {noun} without a lookup of the registry's resource group
    text: |-
        az acr {group} delete --resource-group mygroup \\
          --registry myregistry --name {resource}
"""

_WAIT = """
type: command
short-summary: Wait until {article} {noun} reaches a state.
examples:
  - name: Wait for {article} {noun} that was created with --no-wait
    text: |-
        az acr {group} wait --registry myregistry \\
          --name {resource} --created
  - name: Wait at most five minutes for the deletion
    text: |-
        az acr {group} wait --registry myregistry \\
          --name {resource} --deleted --timeout 300
"""


_RUN_GROUP = """
type: group
short-summary: Manage pipeline runs, which transfer artifacts.
long-summary: ACR Transfer is a preview feature of Azure.
"""

_RUN_CREATE = """
type: command
short-summary: Run a pipeline and wait for it to complete.
long-summary: |
    If a run fails, the command fails, explains the probable cause, and prints the command to run \
next. The other runs continue. Ctrl-C, SIGTERM and --timeout stop only the waiting: runs in \
progress continue in Azure, and no further runs are created.

    A run exports at most 50 artifacts. Larger exports are split into numbered runs: myrun001 \
writes images-001.tar, and so on. An import creates a run for each blob. With several runs, the \
result is a list.

    Patterns: * matches any characters except /, ** matches any characters, and ? matches one \
character except /. Repository and tag are matched separately. Patterns are resolved with your \
permissions, and don't match untagged manifests.
examples:
  - name: Export two artifacts, one by tag and one by digest
    text: |-
        az acr pipeline-run create --registry myregistry \\
          --pipeline myexportpipeline --pipeline-type export --name myrun \\
          --storage-blob images.tar --artifacts samples/nginx:1.25 \\
          samples/hello@sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042
  - name: Check the prerequisites, and import a blob, even if it was imported before
    text: |-
        az acr pipeline-run create --registry myregistry \\
          --pipeline myimportpipeline --pipeline-type import --name myrun \\
          --storage-blob images.tar --check --force-redeploy
  - name: Show the runs that an export by pattern would create
    text: |-
        az acr pipeline-run create --registry myregistry \\
          --pipeline myexportpipeline --pipeline-type export --name myrun \\
          --storage-blob images --artifacts "samples/*" "team/**:v2.*" \\
          @artifacts.txt --exclude "*/*:*-debug" --dry-run
  - name: Export what the target registry lacks, with a manifest and a time limit
    text: |-
        az acr pipeline-run create --registry myregistry \\
          --pipeline myexportpipeline --pipeline-type export --name myrun \\
          --storage-blob images --artifacts "samples/*" --skip target.json \\
          --manifest manifest.json --timeout 7200 --max-concurrent-runs 5
  - name: Export signed images with their signatures and SBOMs, in blobs of at most 25 GB
    text: |-
        az acr pipeline-run create --registry myregistry \\
          --pipeline myexportpipeline --pipeline-type export --name myrun \\
          --storage-blob images.tar --artifacts "samples/*" \\
          --include-referrers --max-blob-size 25GB --manifest manifest.json
  - name: Export the artifacts that failed, and complete the manifest
    text: |-
        az acr pipeline-run create --registry myregistry \\
          --pipeline myexportpipeline --pipeline-type export --name myretry \\
          --storage-blob images-retry --only-failed manifest.json \\
          --manifest manifest.json
"""

_RUN_CLEAN = """
type: command
short-summary: Delete failed pipeline runs of a registry.
long-summary: Deletes runs that failed, failed partly or were canceled, except those that were \
restarted meanwhile. Returns the outcome for each run. The command fails if a run couldn't be \
deleted. Transferred artifacts aren't deleted.
examples:
  - name: List the runs that would be deleted
    text: |-
        az acr pipeline-run clean --registry myregistry --dry-run \\
          --output table
  - name: Delete the failed runs of a registry
    text: az acr pipeline-run clean --registry myregistry
  - name: Delete the failed runs of one pipeline that ended more than 30 days ago
    text: |-
        az acr pipeline-run clean --registry myregistry \\
          --pipeline myexportpipeline --older-than 30d
"""

_RUN_VERIFY = """
type: command
short-summary: Verify a registry or blobs against a manifest.
long-summary: |
    In a registry, compares the digest of each artifact, and of each child of an index. A \
referrer, such as a signature, must be listed under its subject, too. Doesn't need access to the \
source registry.

    With --blobs, compares carried files by size and MD5 before the upload. Doesn't need a network.

    The exit code is 1 if something is missing, different or not listed. Otherwise, it is 4 if \
something couldn't be compared.
examples:
  - name: Verify that the target registry contains all exported artifacts
    text: |-
        az acr pipeline-run verify --registry mytargetregistry \\
          --manifest manifest.json --output table
  - name: Record the contents of the target registry for the next export
    text: |-
        az acr pipeline-run verify --registry mytargetregistry \\
          --manifest manifest.json --write target.json
  - name: Verify carried blobs before the upload
    text: |-
        az acr pipeline-run verify --manifest manifest.json --blobs carried \\
          --output table
  - name: List only missing and different artifacts
    text: |-
        az acr pipeline-run verify --registry mytargetregistry \\
          --manifest manifest.json --only-differences --output table
"""

_RUN_LIST = """
type: command
short-summary: List pipeline runs of a registry, oldest first.
examples:
  - name: List the ten runs that were started last
    text: az acr pipeline-run list --registry myregistry --top 10 --output table
  - name: List the last three failed runs of a pipeline
    text: |-
        az acr pipeline-run list --registry myregistry \\
          --pipeline myimportpipeline --status Failed --top 3 --output table
"""


def _register(group: str, texts: dict[str, str], words: dict[str, str]) -> None:
    for verb, text in texts.items():
        helps[f"acr {group} {verb}".strip()] = text.format(group=group, **words)


def _register_pipelines(kind: PipelineKind) -> None:
    words = {
        "article": "an",
        "noun": kind.noun,
        "name": kind.name,
        "resource": f"my{kind.name}pipeline",
        "transfers": _TRANSFERS[kind],
        "options": " ".join(option.value for option in kind.options),
        "trigger": "--source-trigger-enabled false " if kind is IMPORT else "",
        "delete_note": "",
        "query": "identity.principalId",
        "query_text": "the principal ID of its system-assigned identity",
    }
    texts = {
        "": _PIPELINE_GROUP,
        "create": _PIPELINE_CREATE,
        "update": _PIPELINE_UPDATE,
        "check": _PIPELINE_CHECK,
        "show": _SHOW,
        "list": _LIST,
        "delete": _DELETE,
        "wait": _WAIT,
    }
    _register(kind.group, texts, words)


def _register_runs() -> None:
    words = {
        "article": "a",
        "noun": RUN.noun,
        "resource": "myrun",
        "delete_note": "\nlong-summary: Transferred artifacts aren't deleted.",
        "query": "response.pipelineRunErrorMessage",
        "query_text": "the error message of a failed run",
    }
    texts = {
        "": _RUN_GROUP,
        "create": _RUN_CREATE,
        "show": _SHOW,
        "list": _RUN_LIST,
        "delete": _DELETE,
        "clean": _RUN_CLEAN,
        "verify": _RUN_VERIFY,
        "wait": _RUN_WAIT,
    }
    _register(RUN.group, texts, words)


_register_pipelines(EXPORT)
_register_pipelines(IMPORT)
_register_runs()
