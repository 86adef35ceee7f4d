"""How one Azure cloud differs from another: host names, audiences, API versions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """One cloud, with the one tenant and the one subscription that an emulator has in it."""

    name: str
    arm: str
    #: What az has tokens for ARM issued for; ARM's own address is the newer word for it.
    arm_audience: str
    login: str
    graph: str
    storage_suffix: str
    vault_suffix: str
    registry_suffix: str
    #: Who signs version 1 tokens. Azurite knows those of Azure's own clouds only.
    issuer: str = "https://sts.windows.net"
    #: API versions of pipelines and their runs, oldest first; None accepts any.
    transfer_api_versions: tuple[str, ...] | None = None
    # az requests these two in every cloud.
    registry_audience: str = "https://containerregistry.azure.net"
    storage_audience: str = "https://storage.azure.com"
    tenant_id: str = "5f7a9a3e-6f0c-4c5e-9d53-0c1f8f2a7b10"
    subscription_id: str = "8d0b6c52-3e7e-4a52-8d8e-2b1f0a6c9e44"

    @property
    def arm_url(self) -> str:
        """The base URL of Azure Resource Manager."""
        return f"https://{self.arm}"

    @property
    def login_url(self) -> str:
        """The base URL of Entra."""
        return f"https://{self.login}"

    @property
    def graph_url(self) -> str:
        """The base URL of Microsoft Graph, and the audience of its tokens."""
        return f"https://{self.graph}"

    @property
    def arm_audiences(self) -> tuple[str, ...]:
        """What an Entra token for ARM may be issued for."""
        return (self.arm_audience, self.arm_url)

    @property
    def vault_audience(self) -> str:
        """What a token for any key vault is issued for."""
        return f"https://{self.vault_suffix}"

    @property
    def audiences(self) -> tuple[str, ...]:
        """Everything a token can be had for."""
        data_planes = (self.registry_audience, self.vault_audience, self.storage_audience)
        return (*self.arm_audiences, self.graph_url, *data_planes)

    @property
    def blob_suffix(self) -> str:
        """What follows a storage account's name in the host of its blobs."""
        return f"blob.{self.storage_suffix}"

    def vault_url(self, vault: str) -> str:
        """The data plane of a key vault, without a trailing slash."""
        return f"https://{vault}.{self.vault_suffix}"

    def login_server(self, registry: str) -> str:
        """The host name of a registry."""
        return f"{registry.lower()}.{self.registry_suffix}"


# Names and suffixes as az has them built in.
PUBLIC = Cloud(
    name="AzureCloud",
    arm="management.azure.com",
    arm_audience="https://management.core.windows.net",
    login="login.microsoftonline.com",
    graph="graph.microsoft.com",
    storage_suffix="core.windows.net",
    vault_suffix="vault.azure.net",
    registry_suffix="azurecr.io",
)
CHINA = Cloud(
    name="AzureChinaCloud",
    arm="management.chinacloudapi.cn",
    arm_audience="https://management.core.chinacloudapi.cn",
    login="login.chinacloudapi.cn",
    graph="microsoftgraph.chinacloudapi.cn",
    storage_suffix="core.chinacloudapi.cn",
    vault_suffix="vault.azure.cn",
    registry_suffix="azurecr.cn",
    issuer="https://sts.chinacloudapi.cn",
    # Our choice: what it offers today is not known, and this is the oldest that has pipelines.
    transfer_api_versions=("2019-12-01-preview",),
)
US_GOVERNMENT = Cloud(
    name="AzureUSGovernment",
    arm="management.usgovcloudapi.net",
    arm_audience="https://management.core.usgovcloudapi.net",
    login="login.microsoftonline.us",
    graph="graph.microsoft.us",
    storage_suffix="core.usgovcloudapi.net",
    vault_suffix="vault.usgovcloudapi.net",
    registry_suffix="azurecr.us",
)
#: Those that az has built in.
CLOUDS = (PUBLIC, CHINA, US_GOVERNMENT)
