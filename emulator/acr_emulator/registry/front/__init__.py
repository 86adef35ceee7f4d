"""The data plane of registries: tokens, ACR's own API, and the OCI API of one distribution."""

from acr_emulator.registry.front.login_server import registry_front

__all__ = ["registry_front"]
