"""Messages that the emulator returns and several modules of tests expect.

`tests/repository/test_wording.py` finds what belongs here. Some are Azure's own words, others are
those of the emulator: its README names the source of each.
"""

from __future__ import annotations

# Storage and vaults, in a failed run.
STORAGE_STATUS = "Failed to access storage.  Service request failed.  Status: "
VAULT_STATUS = "Failed to access key vault.  Service request failed.  Status: "
NO_SUCH_HOST = "No such host is known."
NOT_AUTHENTICATED = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is "
    "formed correctly including the signature."
)
NOT_IN_TIME_FRAME = "Signature not valid in the specified time frame:"
NOT_AUTHORIZED = "This request is not authorized to perform this operation"

# Artifacts, in a failed run.
ARTIFACT_NOT_FOUND = "was not found in registry"
NO_ARTIFACT_NAME = "is not the name of an artifact"
BLOB_EXISTS = (
    "already exists in the container; the pipeline does not have the OverwriteBlobs option."
)
NO_OVERWRITE_TAGS = "the pipeline does not have the OverwriteTags option."
TAG_EXISTS = "already exists in the target registry."

# Why a source trigger ignores a blob.
TRIGGER_DISABLED = "The trigger is disabled."
NO_CATEGORY = "It does not have the metadata category=acr-transfer-blob."
NO_CONTENT_MD5 = "It has no ContentMD5."
TOO_OLD = "It was last modified more than 60 days ago."

# Resource Manager.
NO_PROVIDER = "No registered resource provider found for API version"
ABOUT_NOT_FOUND = "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
STATE_NOT_WRITTEN = "The state cannot be written:"

# The template language.
EXPECTED_TYPE = "Expected a value of type"
NOT_AT_THIS_LOCATION = "is not expected at this location"
NOT_AN_OBJECT = "must be of the type 'Object'"
NO_COUNT_OR_NAME = "has no count or no name"
NO_PART_OF_A_URI = "'base' or 'relative' is no part of a URI"
