"""A throw-away certificate authority and the one certificate of all emulated hosts."""

from pathlib import Path

import trustme

from acr_emulator.cloud.clouds import Cloud


class Certificates:
    """PEM files in a folder. The authority outlives a restart; it never enters a system store."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        #: Our authority alone: a client that trusts this file trusts no one else.
        self.ca_file = folder / "ca.pem"
        self.certificate_file = folder / "server.pem"
        self.key_file = folder / "server.key"
        authority = _authority(self.ca_file, folder / "ca.key")
        server = authority.issue_cert(
            cloud.arm,
            cloud.login,
            cloud.graph,
            f"*.{cloud.vault_suffix}",
            f"*.{cloud.blob_suffix}",
            f"*.{cloud.registry_suffix}",
            "localhost",
            "127.0.0.1",
        )
        self.certificate_file.write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
        _write_key(self.key_file, server.private_key_pem.bytes())


def _authority(certificate: Path, key: Path) -> trustme.CA:
    if key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="acr_emulator, throw-away")
    certificate.write_bytes(authority.cert_pem.bytes())
    _write_key(key, authority.private_key_pem.bytes())
    return authority


def _write_key(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
