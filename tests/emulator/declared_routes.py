"""The routes of Resource Manager as they are declared, and what their placeholders stand for."""

from acr_emulator.arm.request import Route
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.emulator import Instance

from tests.emulator.running import REGISTRIES

#: What placeholders stand for. What is called `missing` doesn't exist, so that nothing is changed.
VALUES = {
    "subscription": PUBLIC.subscription_id,
    "group": "group",
    "registry": "matrix",
    "scope": f"{REGISTRIES}/matrix",
    "namespace": "Microsoft.ContainerRegistry",
    "location": "westus",
}


def routes(instance: Instance) -> list[Route]:
    host = instance.hosts.find(PUBLIC.arm)
    assert host is not None
    declared: list[Route] = host.app._routes  # type: ignore[attr-defined]
    return declared
