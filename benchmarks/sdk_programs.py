"""What a user of the SDK would write: run by az's own Python, with az's login.

python sdk_programs.py PROGRAM GROUP REGISTRY
"""

from __future__ import annotations

import json
import sys
from typing import Any

from azure.cli.core import get_default_cli
from azure.cli.core.commands.client_factory import get_mgmt_service_client
from azure.mgmt.containerregistry import ContainerRegistryManagementClient


def _runs() -> Any:
    client = get_mgmt_service_client(get_default_cli(), ContainerRegistryManagementClient)
    return client.pipeline_runs


def iterate(*registry: str) -> None:
    """Request every page, and look at nothing."""
    for _ in _runs().list(*registry):
        pass


def show(*registry: str) -> None:
    """Print every run, as az prints a result."""
    listed = [run.as_dict() for run in _runs().list(*registry)]
    sys.stdout.write(json.dumps(listed, ensure_ascii=False, indent=2, sort_keys=True))


def clean(*registry: str) -> None:
    """Delete the failed runs, one after another."""
    runs = _runs()
    for run in list(runs.list(*registry)):
        if run.properties.provisioning_state == "Failed":
            runs.begin_delete(*registry, run.name).result()


if __name__ == "__main__":
    {"iterate": iterate, "show": show, "clean": clean}[sys.argv[1]](*sys.argv[2:])
