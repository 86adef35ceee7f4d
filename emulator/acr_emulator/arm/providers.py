"""The routes of every resource provider. A new one gets a line here; the first match wins."""

from acr_emulator.arm.assigned_identities import AssignedIdentities
from acr_emulator.arm.blob_containers import BlobContainers
from acr_emulator.arm.container_registries import ContainerRegistries
from acr_emulator.arm.image_importing import ImageImporting
from acr_emulator.arm.key_vaults import KeyVaults
from acr_emulator.arm.managed_identities import ManagedIdentities
from acr_emulator.arm.operation_polling import OperationPolling
from acr_emulator.arm.pipeline_runs import PipelineRuns
from acr_emulator.arm.registry_children import RegistryChildren
from acr_emulator.arm.request import Provider, Route
from acr_emulator.arm.resource_groups import ResourceGroups
from acr_emulator.arm.role_assignments import RoleAssignments
from acr_emulator.arm.role_definitions import RoleDefinitions
from acr_emulator.arm.storage_accounts import StorageAccounts
from acr_emulator.arm.storage_sas import StorageSas
from acr_emulator.arm.subscriptions import Subscriptions
from acr_emulator.arm.template_deployments import TemplateDeployments
from acr_emulator.arm.transfer_pipelines import TransferPipelines
from acr_emulator.arm.vault_secrets import VaultSecrets
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.deployments.deployment_service import Deployments
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.rights import Rights
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.image_imports import ImageImports
from acr_emulator.registry.registries import Registries
from acr_emulator.runs.pipeline_identity import PipelineIdentities
from acr_emulator.runs.pipelines import KINDS
from acr_emulator.runs.run_service import Runs
from acr_emulator.state.clock import Clock
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.operations import Operations
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Store
from acr_emulator.storage.accounts import BlobStorage


def provider_routes(
    *,
    cloud: Cloud,
    clock: Clock,
    settings: Settings,
    store: Store,
    directory: Directory,
    rights: Rights,
    operations: Operations,
    deletions: Deletions,
    storage: BlobStorage,
    registries: Registries,
    distribution: Distribution,
    image_imports: ImageImports,
    runs: Runs,
    deployments: Deployments,
) -> list[Route]:
    """Give each provider the collaborators that it uses."""
    polling = OperationPolling(operations, settings)
    identities = AssignedIdentities(
        identities=PipelineIdentities(cloud, store, directory), rights=rights
    )
    providers: tuple[Provider, ...] = (
        Subscriptions(cloud=cloud),
        ResourceGroups(store=store, deletions=deletions),
        StorageAccounts(
            cloud=cloud,
            clock=clock,
            settings=settings,
            store=store,
            operations=operations,
            storage=storage,
            identities=identities,
        ),
        BlobContainers(store=store, storage=storage),
        StorageSas(store=store, storage=storage),
        KeyVaults(cloud=cloud, clock=clock, settings=settings, store=store),
        VaultSecrets(cloud=cloud, clock=clock, store=store),
        ManagedIdentities(cloud=cloud, store=store, directory=directory),
        RoleDefinitions(cloud=cloud, clock=clock, store=store, rights=rights),
        RoleAssignments(cloud=cloud, clock=clock, store=store, directory=directory, rights=rights),
        ContainerRegistries(
            cloud=cloud,
            clock=clock,
            settings=settings,
            store=store,
            operations=operations,
            polling=polling,
            registries=registries,
            distribution=distribution,
            image_imports=image_imports,
            deletions=deletions,
            identities=identities,
        ),
        RegistryChildren(store=store),
        ImageImporting(polling=polling, registries=registries, image_imports=image_imports),
        *(
            TransferPipelines(
                kind=kind,
                cloud=cloud,
                clock=clock,
                settings=settings,
                store=store,
                identities=identities,
            )
            for kind in KINDS
        ),
        PipelineRuns(
            cloud=cloud, clock=clock, settings=settings, store=store, polling=polling, runs=runs
        ),
        TemplateDeployments(
            cloud=cloud, clock=clock, store=store, deployments=deployments, deletions=deletions
        ),
        polling,
    )
    return [route for provider in providers for route in provider.routes()]
