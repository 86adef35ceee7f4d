"""What the user asked for, complete and consistent: every rule over two arguments is here."""

from __future__ import annotations

from dataclasses import dataclass

from azure.cli.core.azclierror import (
    ArgumentUsageError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_acrtransfer.arguments import (
    SYSTEM_IDENTITY,
    Artifact,
    ContainerUri,
    IdentityId,
    SecretUri,
    StorageAccessMode,
    invalid,
)
from azext_acrtransfer.kinds import EXPORT, PipelineKind, PipelineOption
from azext_acrtransfer.manifest.files import ManifestFile
from azext_acrtransfer.manifest.model import TransferManifest
from azext_acrtransfer.registry.patterns import Reference, is_glob

# Source: the service's prerequisites guide; more in one run is refused.
MAX_ARTIFACTS = 50
TOO_MANY_ARTIFACTS = f"The service takes at most {MAX_ARTIFACTS} artifacts in one run."


@dataclass(frozen=True)
class StorageAccess:
    """How a pipeline gets at its container: a mode, and the secret that this mode needs."""

    mode: StorageAccessMode
    secret: SecretUri | None

    @classmethod
    def of(cls, mode: StorageAccessMode | None, secret: SecretUri | None) -> StorageAccess:
        """Settle the mode.

        Scripts older than --storage-access-mode give a secret only: then it is SasToken.
        """
        if mode is None:
            by_secret = (
                StorageAccessMode.SAS_TOKEN if secret else StorageAccessMode.MANAGED_IDENTITY
            )
            return cls(by_secret, secret)
        if mode is StorageAccessMode.SAS_TOKEN and secret is None:
            raise RequiredArgumentMissingError(
                "--storage-access-mode SasToken needs --secret-uri, the Key Vault secret that "
                "holds the SAS.",
                recommendation="Add --secret-uri https://<vault>.vault.azure.net/secrets/<secret>, "
                "or use --storage-access-mode ManagedIdentity.",
            )
        if mode is StorageAccessMode.MANAGED_IDENTITY and secret is not None:
            raise MutuallyExclusiveArgumentError(
                f"--secret-uri '{secret.text}' is of no use with --storage-access-mode "
                "ManagedIdentity: the identity itself is let into the storage account.",
                recommendation="Leave --secret-uri out, or use --storage-access-mode SasToken.",
            )
        return cls(mode, secret)


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline to be made."""

    kind: PipelineKind
    container: ContainerUri
    access: StorageAccess
    identity: IdentityId = SYSTEM_IDENTITY
    options: tuple[PipelineOption, ...] = ()
    source_trigger: bool = True


@dataclass(frozen=True)
class PipelineChange:
    """What an update changes in a pipeline that exists; None leaves a part as it is."""

    kind: PipelineKind
    container: ContainerUri | None = None
    access: StorageAccess | None = None
    identity: IdentityId | None = None
    options: tuple[PipelineOption, ...] | None = None
    source_trigger: bool | None = None


@dataclass(frozen=True)
class Manifests:
    """The manifest that an export writes, and those that say what of its choice is to go."""

    written: ManifestFile | None = None
    skip: TransferManifest | None = None
    only_failed: TransferManifest | None = None


@dataclass(frozen=True)
class TransferSpec:
    """What is to be moved, in as many runs as that takes: artifacts into a blob, or blobs in.

    Artifacts and the blobs of an import may be globs.
    """

    kind: PipelineKind
    name: str
    blobs: tuple[str, ...]
    artifacts: tuple[Reference, ...] = ()
    exclude: tuple[Reference, ...] = ()
    force_update_tag: str | None = None
    manifests: Manifests = Manifests()

    def __post_init__(self) -> None:
        if self.kind is EXPORT:
            self._check_export()
            return
        exports_only = {
            Artifact.OPTION: self.artifacts,
            "--exclude": self.exclude,
            "--manifest": self.manifests.written,
            "--skip": self.manifests.skip,
            "--only-failed": self.manifests.only_failed,
        }
        for option, given in exports_only.items():
            if given:
                raise ArgumentUsageError(
                    f"{option} goes with --pipeline-type export; an import brings in all that "
                    "its blob holds.",
                    recommendation=f"Leave {option} out.",
                )

    def _check_export(self) -> None:
        by_manifest = self.manifests.only_failed
        chosen = {Artifact.OPTION: self.artifacts, "--exclude": self.exclude}
        for option in (option for option, given in chosen.items() if given and by_manifest):
            raise MutuallyExclusiveArgumentError(
                f"{option} is of no use with --only-failed, whose manifest says what to export.",
                recommendation=f"Leave {option} out, or --only-failed.",
            )
        if not (self.artifacts or by_manifest):
            raise RequiredArgumentMissingError(
                "--pipeline-type export needs --artifacts, what to export from the registry.",
                recommendation=f"Add --artifacts with one or more references. {Artifact.ADVICE}",
            )
        if len(self.blobs) > 1 or is_glob(self.blobs[0]):
            raise invalid(
                " ".join(self.blobs),
                "--storage-blob",
                "an export writes one blob of just this name, or numbers it if it takes several",
                "Give one name without '*'.",
            )


@dataclass(frozen=True)
class RunSpec:
    """A run to be made: an export of artifacts into a blob, or the import of a blob."""

    kind: PipelineKind
    name: str
    blob: str
    artifacts: tuple[Artifact, ...] = ()
    force_update_tag: str | None = None
