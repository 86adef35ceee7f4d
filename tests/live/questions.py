"""What isn't known of ACR Transfer, as questions; the flow answers each of them."""

from __future__ import annotations

QUESTIONS = {
    "put": "What does the PUT of a run return: status, headers, body? Does it wait for the run?",
    "operation": "What does the operation of a run return, in progress and at its end?",
    "succeeded": "What does a run contain that succeeded, and in which form are its digests?",
    "no-access": "How does a run end whose pipeline has no access to the storage account?",
    "failed": "What does a run contain that failed, and what does its operation return?",
    "repeated": "What does a second PUT with the same properties return, and does it run again?",
    "forced": "What does a PUT with another forceUpdateTag return?",
    "blob-exists": "How does an export end whose blob exists, without OverwriteBlobs?",
    "partial": "How does an export end that lacks one of its artifacts, with ContinueOnErrors?",
    "too-many": "What does a run of 51 artifacts return?",
    "layout": "What is in a transfer blob, and which properties does it have?",
    "imported": "What does an import contain that succeeded?",
    "subjects": "Does an import list a signature under its subject again?",
    "tag-exists": "How does an import end whose tag names something else, without OverwriteTags?",
    "blob-missing": "How does an import end whose blob doesn't exist?",
    "wrong-digest": "How does an import end whose catalogDigest is another one?",
    "sas": "Is a SAS token of a container enough, with and without a leading question mark?",
    "trigger": "How soon does a source trigger create a run, and what is the run's name?",
    "trigger-again": "Does a source trigger import a blob again whose content changed?",
    "order": "In which order are runs listed?",
    "run-missing": "What do GET and DELETE return for a run that doesn't exist?",
    "run-deleted": "What does the DELETE of a run return?",
    "names": "What does the PUT of a run with an invalid name return?",
    "case": "Does a name in another case mean the same run?",
    "replaced": "Does the PUT of a pipeline that exists replace it, and does its identity stay?",
    "pipeline-deleted": "What does the DELETE of a pipeline with runs return, and do they stay?",
    "commands": "How do the commands of the extension end?",
}

#: What the flow leaves open, and why.
NOT_ASKED = (
    "layers of more than 8 GB, which take hours",
    "how many runs the service takes at a time, and how long it keeps them",
    "registries below Premium, and registries that disable exports",
)
