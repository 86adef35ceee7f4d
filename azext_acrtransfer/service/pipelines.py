"""Specs of pipelines: every rule about two options that describe a pipeline is here."""

from __future__ import annotations

from dataclasses import dataclass

from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

from azext_acrtransfer.arguments import (
    SYSTEM_IDENTITY,
    ContainerUri,
    IdentityId,
    SecretUri,
    StorageAccessMode,
)
from azext_acrtransfer.kinds import PipelineKind, PipelineOption


@dataclass(frozen=True)
class StorageAccess:
    """The authentication of a pipeline to its container: a mode, and the secret it needs."""

    mode: StorageAccessMode
    secret: SecretUri | None

    @classmethod
    def of(cls, mode: StorageAccessMode | None, secret: SecretUri | None) -> StorageAccess:
        """Determine the mode.

        Scripts older than --storage-access-mode give a secret only: then it is SasToken.
        """
        if mode is None:
            by_secret = (
                StorageAccessMode.SAS_TOKEN if secret else StorageAccessMode.MANAGED_IDENTITY
            )
            return cls(by_secret, secret)
        if mode is StorageAccessMode.SAS_TOKEN and secret is None:
            raise RequiredArgumentMissingError(
                "--storage-access-mode SasToken requires --secret-uri, the Key Vault secret that "
                "stores the SAS token.",
                recommendation="Add --secret-uri https://VAULT.vault.azure.net/secrets/SECRET, "
                "or use --storage-access-mode ManagedIdentity.",
            )
        if mode is StorageAccessMode.MANAGED_IDENTITY and secret is not None:
            raise MutuallyExclusiveArgumentError(
                f"--secret-uri '{secret.text}' doesn't apply to --storage-access-mode "
                "ManagedIdentity: the identity itself needs access to the storage account.",
                recommendation="Omit --secret-uri, or use --storage-access-mode SasToken.",
            )
        return cls(mode, secret)


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline to be created."""

    kind: PipelineKind
    container: ContainerUri
    access: StorageAccess
    identity: IdentityId = SYSTEM_IDENTITY
    options: tuple[PipelineOption, ...] = ()
    source_trigger: bool = True


@dataclass(frozen=True)
class PipelineChange:
    """The changes of an update; None keeps a property as it is."""

    kind: PipelineKind
    container: ContainerUri | None = None
    access: StorageAccess | None = None
    identity: IdentityId | None = None
    options: tuple[PipelineOption, ...] | None = None
    source_trigger: bool | None = None
