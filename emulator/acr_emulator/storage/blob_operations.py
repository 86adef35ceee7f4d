"""The action that each operation of blob storage needs, and whose roles allow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from acr_emulator.identity.authorization import BLOB_SERVICE, BLOBS, CONTAINERS, Assignment
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Resource

#: What is declared of operations that need no action: each request in a batch is authorized itself.
NOTHING = ""

#: Operations, as Azurite calls them, by the action that they need (docs: "Permissions for calling
#: data operations"). One that isn't here is refused to everybody. Azure lets those who may only add
#: blobs create a new one, too.
_OPERATIONS: Mapping[str, str] = {
    f"{BLOB_SERVICE}/read": "Service_GetProperties Service_GetStatistics",
    f"{BLOB_SERVICE}/write": "Service_SetProperties",
    f"{BLOB_SERVICE}/getInfo/action": "Service_GetAccountInfo Service_GetAccountInfoWithHead"
    " Container_GetAccountInfo Container_GetAccountInfoWithHead"
    " Blob_GetAccountInfo Blob_GetAccountInfoWithHead",
    f"{BLOB_SERVICE}/generateUserDelegationKey/action": "Service_GetUserDelegationKey",
    f"{CONTAINERS}/read": "Service_ListContainersSegment"
    " Container_GetProperties Container_GetPropertiesWithHead",
    f"{CONTAINERS}/write": "Container_Create Container_SetMetadata Container_Restore"
    " Container_AcquireLease Container_ReleaseLease Container_RenewLease Container_BreakLease"
    " Container_ChangeLease",
    f"{CONTAINERS}/delete": "Container_Delete",
    f"{CONTAINERS}/getAcl/action": "Container_GetAccessPolicy",
    f"{CONTAINERS}/setAcl/action": "Container_SetAccessPolicy",
    f"{BLOBS}/filter/action": "Service_FilterBlobs Container_FilterBlobs",
    f"{BLOBS}/read": "Container_ListBlobFlatSegment Container_ListBlobHierarchySegment"
    " Blob_Download Blob_GetProperties Blob_Query BlockBlob_GetBlockList"
    " PageBlob_GetPageRanges PageBlob_GetPageRangesDiff",
    f"{BLOBS}/write": "Blob_Undelete Blob_SetExpiry Blob_SetHTTPHeaders Blob_SetMetadata"
    " Blob_SetImmutabilityPolicy Blob_DeleteImmutabilityPolicy Blob_SetLegalHold"
    " Blob_AcquireLease Blob_ReleaseLease Blob_RenewLease Blob_ChangeLease Blob_BreakLease"
    " Blob_CreateSnapshot Blob_StartCopyFromURL Blob_CopyFromURL Blob_AbortCopyFromURL Blob_SetTier"
    " PageBlob_Create PageBlob_UploadPages PageBlob_ClearPages PageBlob_UploadPagesFromURL"
    " PageBlob_Resize PageBlob_UpdateSequenceNumber PageBlob_CopyIncremental"
    " AppendBlob_Create AppendBlob_AppendBlock AppendBlob_AppendBlockFromUrl AppendBlob_Seal"
    " BlockBlob_Upload BlockBlob_PutBlobFromUrl BlockBlob_StageBlock BlockBlob_StageBlockFromURL"
    " BlockBlob_CommitBlockList",
    f"{BLOBS}/delete": "Blob_Delete",
    f"{BLOBS}/tags/read": "Blob_GetTags",
    f"{BLOBS}/tags/write": "Blob_SetTags",
    NOTHING: "Service_SubmitBatch Container_SubmitBatch",
}
#: The action that each operation needs.
NEEDS: Mapping[str, str] = {
    operation: action for action, names in _OPERATIONS.items() for operation in names.split()
}

#: Object id of a principal -> container, or "" for all of the account -> actions.
Grants = Mapping[str, Mapping[str, Sequence[str]]]


def grants(account: Resource, assignments: Iterable[Assignment]) -> Grants:
    """What role assignments allow in an account."""
    containers = ResourceId.parse(account["id"]) / "blobServices/default/containers"
    allowed: dict[str, dict[str, list[str]]] = {}
    for assignment in assignments:
        container = _container(assignment.scope, containers)
        if container is not None:
            actions = [action for action in _OPERATIONS if _allows(assignment, action)]
            its = allowed.setdefault(assignment.principal_id, {})
            its.setdefault(container, []).extend(actions)
    return allowed


def _container(scope: ResourceId, containers: ResourceId) -> str | None:
    """The container that a scope is; "" if it has all of the account, None if it's elsewhere."""
    if containers.is_within(scope):
        return ""
    is_one = scope.is_within(containers) and scope == containers / scope.name
    return scope.name.lower() if is_one else None


def _allows(assignment: Assignment, action: str) -> bool:
    is_of_data = action.startswith(f"{BLOBS}/")
    role = assignment.role
    return role.allows_data(action) if is_of_data else role.allows(action)
