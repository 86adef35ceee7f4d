"""A throw-away certificate authority and the one certificate of all emulated hosts."""

from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.state.whole_files import reading, write_whole


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
        chain = b"".join(pem.bytes() for pem in server.cert_chain_pems)
        write_whole(self.certificate_file, chain)
        write_whole(self.key_file, server.private_key_pem.bytes())


def _authority(certificate: Path, key: Path) -> trustme.CA:
    """Read the authority, or make one: its key is written last. Raises StateFileError."""
    if key.exists():
        return _read(certificate, key)
    authority = trustme.CA(organization_name="acr_emulator, throw-away")
    write_whole(certificate, authority.cert_pem.bytes())
    write_whole(key, authority.private_key_pem.bytes())
    return authority


def _read(certificate: Path, key: Path) -> trustme.CA:
    advice = f"Delete {key}: the next start makes a new authority, which clients have to trust."
    with reading(key, advice):
        secret = key.read_bytes()
        public_key = load_pem_private_key(secret, password=None).public_key()
    with reading(certificate, advice):
        public = certificate.read_bytes()
        if x509.load_pem_x509_certificate(public).public_key() != public_key:
            raise ValueError
    return trustme.CA.from_pem(public, secret)
