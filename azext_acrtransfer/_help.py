"""Help of every command; that of the two kinds of pipeline is one text, filled in twice."""

from __future__ import annotations

from knack.help_files import helps

from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, PipelineKind

_DOES = {
    EXPORT: "moves artifacts from a registry into a blob",
    IMPORT: "moves artifacts from a blob into a registry",
}

_PIPELINE_GROUP = """
type: group
short-summary: Manage {noun}s; each {does}.
long-summary: A pipeline is the lasting set-up of a transfer; it moves artifacts when it is run. \
See `az acr pipeline-run`. ACR Transfer is a preview feature of Azure.
"""

_PIPELINE_CREATE = """
type: command
short-summary: Create {article} {noun}.
long-summary: Afterwards its identity must be let into the storage account, or into the key vault \
that holds the SAS; the command that does it is printed.
examples:
  - name: Create {article} {noun} that uses its own identity
    text: >
        az acr {group} create -r myregistry -n my{name}pipeline
        -c https://mystorage.blob.core.windows.net/mycontainer
  - name: Create {article} {noun} that uses a SAS from a key vault
    text: >
        az acr {group} create -r myregistry -n my{name}pipeline
        -c https://mystorage.blob.core.windows.net/mycontainer
        -s https://myvault.vault.azure.net/secrets/mysecret
  - name: Create {article} {noun} with every option and an identity that exists
    text: >
        az acr {group} create -g mygroup -r myregistry -n my{name}pipeline
        -c https://mystorage.blob.core.windows.net/mycontainer -m SasToken
        -s https://myvault.vault.azure.net/secrets/mysecret -z {options}{trigger}
        -i /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mygroup/providers/\
Microsoft.ManagedIdentity/userAssignedIdentities/myidentity
"""

_PIPELINE_UPDATE = """
type: command
short-summary: Change {article} {noun}; what is not given stays as it is.
examples:
  - name: Change the options of {article} {noun}
    text: az acr {group} update -r myregistry -n my{name}pipeline -z {options}
  - name: Take all its options away
    text: az acr {group} update -r myregistry -n my{name}pipeline -z
  - name: Let it use its own identity instead of a SAS
    text: az acr {group} update -r myregistry -n my{name}pipeline -m ManagedIdentity
"""

_PIPELINE_CHECK = """
type: command
short-summary: Check the prerequisites of {article} {noun}.
long-summary: |
    Read-only. Uses your permissions and never prints secrets. Each check returns a code, a status \
(pass, fail, warning, unknown), a message and a recommendation, which is a list of commands. \
Unknown means that you don't have permission to read the resource; the message names the \
permission. The exit code is 1 if a check fails, and 4 if the pipeline or your permission to run \
it is unknown.
examples:
  - name: Check {article} {noun}
    text: az acr {group} check -r myregistry -n my{name}pipeline -o table
  - name: Check the artifacts and the blob of a transfer, too
    text: >
        az acr {group} check -r myregistry -n my{name}pipeline -b myblob -a samples/nginx:1.25
  - name: Check the artifacts and the blobs in the manifest of an export
    text: az acr {group} check -r myregistry -n my{name}pipeline --manifest manifest.json
  - name: Print the recommended commands of failed checks
    text: >
        az acr {group} check -r myregistry -n my{name}pipeline
        --query "[?status=='fail'].recommendation[]" -o tsv
  - name: Fail if anything is unknown, too
    text: az acr {group} check -r myregistry -n my{name}pipeline --strict
"""

_SHOW = """
type: command
short-summary: Show {article} {noun}.
examples:
  - name: Show {article} {noun}
    text: az acr {group} show -r myregistry -n my{name}
"""

_LIST = """
type: command
short-summary: List the {noun}s of a registry.
examples:
  - name: List the {noun}s of a registry in a table
    text: az acr {group} list -r myregistry -o table
"""

_RUN_WAIT = """
type: command
short-summary: Wait until a pipeline run is in a given state, or all runs of a manifest have ended.
long-summary: With --manifest, how the runs ended is added to the manifest, whether their command \
was interrupted, was killed or did not wait. The command fails if a run failed, or if an artifact \
is not known to be exported.
examples:
  - name: Wait for one that was created with --no-wait
    text: az acr pipeline-run wait -r myregistry -n myrun --created
  - name: Wait for all runs of an export, and complete its manifest
    text: az acr pipeline-run wait --manifest manifest.json
"""

_DELETE = """
type: command
short-summary: Delete {article} {noun}{delete_note}.
examples:
  - name: Delete {article} {noun}
    text: az acr {group} delete -r myregistry -n my{name}
"""

_WAIT = """
type: command
short-summary: Wait until {article} {noun} is in a given state.
examples:
  - name: Wait for one that was created with --no-wait
    text: az acr {group} wait -r myregistry -n my{name} --created
"""


_RUN_GROUP = """
type: group
short-summary: Run export and import pipelines, and see how their runs went.
long-summary: ACR Transfer is a preview feature of Azure.
"""

_RUN_CREATE = """
type: command
short-summary: Run a pipeline, as often as it takes, and wait until all is over.
long-summary: |
    Fails if a run fails, and says why and what to do next. A source trigger makes runs of its \
own; those are seen with `az acr pipeline-run list`.

    The service takes 50 artifacts in a run. More are split into several runs, which are numbered: \
<name>001 writes <blob>-001, and so on; an import runs once for each blob. The result is then a \
list. If some runs fail, the others go on, and the command to run again for the rest is printed.

    A glob takes what matches it: * stands for any characters but /, ** for any characters and ? \
for one that is not /. The repository and the tag are matched apart; without a tag, all tags are \
taken, which for a glob is more than latest. Nothing untagged is taken by a glob. Globs are \
resolved with your own rights: to list tags (and repositories, unless the repository is given in \
full) in the registry, or, for an import, the blobs of the pipeline's container.

    In a file, each line is a reference or a glob, or a comment after #. If more than 20 artifacts \
are to be exported again, the error has them as lines for such a file, and the command to use it.

    A value of --exclude that matches nothing in the registry might be misspelt, so it is an \
error, and nothing is exported; --dry-run reports it, too. One that matches only artifacts that \
are not selected has no effect. Without a tag, a reference means the tag latest: to exclude a \
whole repository, use samples/hello:*.

    With --manifest, --only-failed selects the artifacts that weren't exported, and adds the new \
results to it. --skip leaves out the artifacts that the target registry has.
examples:
  - name: Export two artifacts, one by tag and one by digest
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a samples/nginx:1.25
        samples/hello@sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042
  - name: Export what globs choose, but for some, from several repositories
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a "samples/*" "nginx:1.2*" "team/**:v2.*" --exclude "*/*:*-debug" "samples/secret:*"
  - name: See which runs that would take, and what each would export
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a "samples/*" --dry-run
  - name: Export what the lines of a file name
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a @artifacts.txt
  - name: Export with a manifest, to be carried along and verified on the other side
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a "samples/*" --manifest manifest.json
  - name: Export again what failed, and complete the manifest
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrunretry
        -b myblob-retry --only-failed manifest.json --manifest manifest.json
  - name: Export what the target registry does not have yet
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a "samples/*" --skip target.json --manifest manifest.json
  - name: Import what several blobs hold, a run for each
    text: >
        az acr pipeline-run create -r myregistry -p myimportpipeline -t import -n myrun
        -b myblob-001 "another-*"
  - name: Import what a blob holds
    text: az acr pipeline-run create -r myregistry -p myimportpipeline -t import -n myrun -b myblob
  - name: Import it if a check finds nothing that would fail
    text: >
        az acr pipeline-run create -r myregistry -p myimportpipeline -t import -n myrun -b myblob
        --check
  - name: Run again what has been run with the same properties
    text: >
        az acr pipeline-run create -r myregistry -p myexportpipeline -t export -n myrun -b myblob
        -a samples/nginx:1.25 --force-redeploy
"""

_RUN_CLEAN = """
type: command
short-summary: Delete failed pipeline runs of a registry.
long-summary: Runs that failed, failed in part or were canceled are deleted, unless they were \
started again meanwhile. The command returns the outcome of each, and fails if one couldn't be \
deleted.
examples:
  - name: See which runs would be deleted
    text: az acr pipeline-run clean -r myregistry --dry-run -o table
  - name: Delete the failed runs of a registry
    text: az acr pipeline-run clean -r myregistry
  - name: Delete the failed runs of one pipeline that ended more than thirty days ago
    text: az acr pipeline-run clean -r myregistry -p myexportpipeline --older-than 30d
"""

_RUN_VERIFY = """
type: command
short-summary: Compare a registry with the manifest of an export.
long-summary: Every artifact, and every child of an index, is compared by its digest, with no way \
to the source registry. The exit code is 1 if one is missing or different, and 4 if none is, but \
one could not be read. The format of the file \
is described in docs/transfer-manifest.md of the project.
examples:
  - name: See whether all that was exported is in the target registry
    text: az acr pipeline-run verify -r mytargetregistry --manifest manifest.json -o table
  - name: Write down what the target registry has, for the next export
    text: >
        az acr pipeline-run verify -r mytargetregistry --manifest manifest.json
        --write target.json
"""

_RUN_LIST = """
type: command
short-summary: List the pipeline runs of a registry, oldest first.
examples:
  - name: List the ten runs that were started last
    text: az acr pipeline-run list -r myregistry --top 10 -o table
  - name: List the last three runs of a pipeline that failed
    text: >
        az acr pipeline-run list -r myregistry -p myimportpipeline --status Failed --top 3
        -o table
"""


def _register(group: str, texts: dict[str, str], words: dict[str, str]) -> None:
    for verb, text in texts.items():
        helps[f"acr {group} {verb}".strip()] = text.format(group=group, **words)


def _register_pipelines(kind: PipelineKind) -> None:
    words = {
        "article": "an",
        "noun": kind.noun,
        "name": kind.name,
        "does": _DOES[kind],
        "options": " ".join(option.value for option in kind.options),
        "trigger": " -e false" if kind is IMPORT else "",
        "delete_note": "",
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
        "name": "run",
        "delete_note": "; what it moved stays moved",
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
