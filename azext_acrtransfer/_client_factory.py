"""The management client of the SDK, with the extension's own HTTP policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, ResourceKind

if TYPE_CHECKING:
    from azext_acrtransfer.service.resources import Service


def cf_export_pipelines(cli_ctx: Any, *_: Any) -> Service:
    """The service for ``az acr export-pipeline``."""
    return _service(cli_ctx, EXPORT)


def cf_import_pipelines(cli_ctx: Any, *_: Any) -> Service:
    """The service for ``az acr import-pipeline``."""
    return _service(cli_ctx, IMPORT)


def cf_pipeline_runs(cli_ctx: Any, *_: Any) -> Service:
    """The service for ``az acr pipeline-run``."""
    return _service(cli_ctx, RUN)


def _service(cli_ctx: Any, kind: ResourceKind) -> Service:
    # Deferred: help doesn't need the SDK.
    from azure.cli.core.commands.client_factory import (
        get_mgmt_service_client,
        get_subscription_id,
    )
    from azure.mgmt.containerregistry import ContainerRegistryManagementClient

    from azext_acrtransfer.service.api_version import ApiVersion, ApiVersionPolicy
    from azext_acrtransfer.service.http import arm_options
    from azext_acrtransfer.service.resources import Service

    policy = ApiVersionPolicy(ApiVersion.configured(cli_ctx))
    client = get_mgmt_service_client(
        cli_ctx,
        ContainerRegistryManagementClient,
        **arm_options(cli_ctx.cloud, policy),
    )
    return Service(client, kind, get_subscription_id(cli_ctx))
