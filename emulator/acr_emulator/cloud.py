"""What tells one Azure cloud from another: host names, audiences, API versions on offer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """One cloud, with the one tenant and the one subscription that an emulator has in it."""

    name: str
    arm: str
    login: str
    graph: str
    vault_suffix: str
    blob_suffix: str
    registry_suffix: str
    registry_audience: str
    vault_audience: str
    storage_audience: str
    #: What an Entra token for ARM may be issued for: az 2.x asks for the older of the two.
    arm_audiences: tuple[str, ...]
    #: API versions of Microsoft.ContainerRegistry, oldest first; None accepts any.
    registry_api_versions: tuple[str, ...] | None = None
    tenant_id: str = "5f7a9a3e-6f0c-4c5e-9d53-0c1f8f2a7b10"
    subscription_id: str = "8d0b6c52-3e7e-4a52-8d8e-2b1f0a6c9e44"

    @property
    def arm_url(self) -> str:
        """The base URL of Azure Resource Manager."""
        return f"https://{self.arm}"

    @property
    def audiences(self) -> tuple[str, ...]:
        """Everything a token can be had for."""
        data_planes = (self.registry_audience, self.vault_audience, self.storage_audience)
        return (*self.arm_audiences, f"https://{self.graph}", *data_planes)

    def vault_url(self, vault: str) -> str:
        """The data plane of a key vault, without a trailing slash."""
        return f"https://{vault}.{self.vault_suffix}"

    def login_server(self, registry: str) -> str:
        """The host name of a registry."""
        return f"{registry.lower()}.{self.registry_suffix}"


PUBLIC = Cloud(
    name="AzureCloud",
    arm="management.azure.com",
    login="login.microsoftonline.com",
    graph="graph.microsoft.com",
    vault_suffix="vault.azure.net",
    blob_suffix="blob.core.windows.net",
    registry_suffix="azurecr.io",
    registry_audience="https://containerregistry.azure.net",
    vault_audience="https://vault.azure.net",
    storage_audience="https://storage.azure.com",
    arm_audiences=("https://management.core.windows.net", "https://management.azure.com"),
)
