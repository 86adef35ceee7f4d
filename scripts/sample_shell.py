"""Fill an emulator with a sample cloud, then become a shell in it; scripts/shell starts this."""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

import httpx
from azure.storage.blob import generate_container_sas

Json = dict[str, Any]

GROUP, VAULT, CONTAINER = "contoso", "contoso-kv", "transfer"
#: Both a registry and a storage account have this name.
SOURCE, TARGET = "contososource", "contosotarget"
IMAGES = ("samples/hello:1.0", "samples/hello:1.1", "samples/web:2.0")
BLOB = f"-c {CONTAINER} -n images.tar -f images.tar --auth-mode login --overwrite -o none"
LINES = f"""\
az acr export-pipeline list -r {SOURCE} -o table
az acr pipeline-run create -r {SOURCE} -p exporter -t export -n export01 -b images.tar -a 'samples/*' -f -o table
az storage blob download --account-name {SOURCE} {BLOB} && az storage blob upload --account-name {TARGET} {BLOB}
az acr pipeline-run create -r {TARGET} -p importer -t import -n import01 -b images.tar -f -o table
az acr repository show-tags -n {TARGET} --repository samples/hello -o table
"""  # noqa: E501

_ARM = "https://management.azure.com"
_API_VERSION = "2025-06-01-preview"
_STORAGE_BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
_SAS_PERMISSIONS = {"export": "rwla", "import": "rld"}
_SAS_LIFETIME = timedelta(days=365)
_TOKEN_USER = "00000000-0000-0000-0000-000000000000"
_INTERRUPTED = 130


class SampleCloud:
    """Two registries, each with a storage account and a pipeline, and a key vault."""

    def __init__(self) -> None:
        self._http = httpx.Client(timeout=60)
        self._tenant = os.environ["AZURE_TENANT_ID"]
        self._subscription = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}"
        self._group = f"{self._subscription}/resourceGroups/{GROUP}"
        self._arm_token = self._token(_ARM)

    def create(self) -> None:
        """Make everything that doesn't exist yet."""
        self._arm("PUT", self._group, {"location": "westus"})
        self._create_vault()
        with ThreadPoolExecutor() as pool:
            registries = pool.submit(self._create_registries)
            storage = [
                pool.submit(self._create_storage, SOURCE, "export"),
                pool.submit(self._create_storage, TARGET, "import"),
            ]
            registries.result()
            images = [pool.submit(_push, image) for image in IMAGES]
            for outcome in (*storage, *images):
                outcome.result()
        self._create_pipeline(SOURCE, "exportPipelines/exporter", "target", "OverwriteBlobs")
        self._create_pipeline(TARGET, "importPipelines/importer", "source", "OverwriteTags")

    def log_in_to_registries(self) -> None:
        """Write the file by which skopeo logs in."""
        logins = {}
        for registry in (SOURCE, TARGET):
            host = f"{registry}.azurecr.io"
            form = {"grant_type": "access_token", "service": host, "access_token": self._arm_token}
            answer = self._http.post(f"https://{host}/oauth2/exchange", data=form)
            token = answer.raise_for_status().json()["refresh_token"]
            logins[host] = {"auth": base64.b64encode(f"{_TOKEN_USER}:{token}".encode()).decode()}
        Path(os.environ["REGISTRY_AUTH_FILE"]).write_text(json.dumps({"auths": logins}))

    def _create_registries(self) -> None:
        for name in (SOURCE, TARGET):
            body = {"location": "westus", "sku": {"name": "Premium"}}
            self._arm("PUT", f"Microsoft.ContainerRegistry/registries/{name}", body)
        self.log_in_to_registries()

    def _create_vault(self) -> None:
        properties = {
            "tenantId": self._tenant,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [],
            "enableRbacAuthorization": False,
        }
        body = {"location": "westus", "properties": properties}
        self._arm("PUT", f"Microsoft.KeyVault/vaults/{VAULT}", body)

    def _create_storage(self, account: str, direction: str) -> None:
        """Make a storage account with a container, and a secret with a SAS token for it."""
        resource = f"Microsoft.Storage/storageAccounts/{account}"
        body = {"location": "westus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        self._arm("PUT", resource, body)
        created = self._http.put(
            _container_uri(account),
            params={"restype": "container"},
            headers={"x-ms-version": "2021-12-02", **self._bearer("https://storage.azure.com")},
        )
        if created.status_code != httpx.codes.CONFLICT:
            created.raise_for_status()
        sas = generate_container_sas(
            account,
            CONTAINER,
            self._arm("POST", f"{resource}/listKeys")["keys"][0]["value"],
            permission=_SAS_PERMISSIONS[direction],
            expiry=datetime.now(timezone.utc) + _SAS_LIFETIME,
            protocol="https",
        )
        self._http.put(
            f"https://{VAULT}.vault.azure.net/secrets/{direction}sas",
            params={"api-version": "7.4"},
            headers=self._bearer("https://vault.azure.net"),
            json={"value": f"?{sas}"},
        ).raise_for_status()

    def _create_pipeline(self, name: str, path: str, side: str, option: str) -> None:
        """Make a pipeline whose identity has a role for the storage account of that name."""
        storage = {"uri": _container_uri(name), "storageAccessMode": "ManagedIdentity"}
        properties: Json = {side: storage, "options": [option]}
        if side == "source":
            properties["trigger"] = {"sourceTrigger": {"status": "Disabled"}}
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        pipeline = self._arm("PUT", f"Microsoft.ContainerRegistry/registries/{name}/{path}", body)
        authorization = "providers/Microsoft.Authorization"
        roles = f"{self._subscription}/{authorization}/roleDefinitions"
        account = f"Microsoft.Storage/storageAccounts/{name}"
        assignment = uuid.uuid5(uuid.NAMESPACE_URL, pipeline["id"])
        role = {
            "roleDefinitionId": f"{roles}/{_STORAGE_BLOB_DATA_CONTRIBUTOR}",
            "principalId": pipeline["identity"]["principalId"],
        }
        resource = f"{account}/{authorization}/roleAssignments/{assignment}"
        self._arm("PUT", resource, {"properties": role})

    def _arm(self, method: str, path: str, body: Json | None = None) -> Json:
        """Request something of the resource group, or the resource of a whole ID."""
        answer = self._http.request(
            method,
            _ARM + (path if path.startswith("/") else f"{self._group}/providers/{path}"),
            params={"api-version": _API_VERSION},
            headers={"Authorization": f"Bearer {self._arm_token}"},
            json=body,
        )
        # A storage account is created without an answer to read.
        resource: Json = answer.json() if answer.raise_for_status().content else {}
        return resource

    def _bearer(self, audience: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(audience)}"}

    def _token(self, audience: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": os.environ["AZURE_CLIENT_ID"],
            "client_secret": os.environ["AZURE_CLIENT_SECRET"],
            "scope": f"{audience}/.default",
        }
        url = f"https://login.microsoftonline.com/{self._tenant}/oauth2/v2.0/token"
        answer = self._http.post(url, data=form).raise_for_status()
        return str(answer.json()["access_token"])


def _container_uri(account: str) -> str:
    return f"https://{account}.blob.core.windows.net/{CONTAINER}"


def _push(image: str) -> None:
    """Push an image of one file."""
    content = f"Hello from {image}.\n".encode()
    entry = tarfile.TarInfo("greeting")
    entry.size = len(content)
    with tempfile.NamedTemporaryFile(suffix=".tar") as layer:
        with tarfile.open(fileobj=layer, mode="w") as tar:
            tar.addfile(entry, io.BytesIO(content))
        layer.flush()
        target = f"docker://{SOURCE}.azurecr.io/{image}"
        _run("skopeo", "--insecure-policy", "copy", f"tarball:{layer.name}", target)


def prepare_environment(folder: Path, az: Path) -> None:
    """Put az and skopeo into a separate folder, the first on the PATH."""
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    skopeo = Path(os.environ["ACR_EMULATOR_TOOLS"]) / "debian/root/bin/skopeo"
    for name, program in (("az", az), ("skopeo", skopeo)):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n')
        script.chmod(0o700)
    os.environ["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    os.environ["AZURE_EXTENSION_DIR"] = str(folder / "extensions")
    os.environ["REGISTRY_AUTH_FILE"] = str(folder / "registries.json")


def prepare_az(folder: Path, wheel: Path) -> None:
    """Install this very extension, and log in, unless that was done before."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with _once(folder / "extension", digest) as is_due:
        if is_due:
            _run("az", "extension", "add", "--yes", "--upgrade", "--source", str(wheel))
    with _once(folder / "login", os.environ["AZURE_CLIENT_ID"]) as is_due:
        if is_due:
            _run(
                "sh",
                "-c",
                "az login --service-principal --tenant $AZURE_TENANT_ID --output none"
                " --username $AZURE_CLIENT_ID --password $AZURE_CLIENT_SECRET",
            )


def prepare_cloud(folder: Path) -> None:
    """Make the resources, unless that was done before: what was changed since stays so."""
    cloud = SampleCloud()
    with _once(folder / "cloud", GROUP) as is_due:
        if is_due:
            cloud.create()
        else:
            cloud.log_in_to_registries()


@contextmanager
def _once(record: Path, value: str) -> Iterator[bool]:
    """Whether a step is to be done; it is recorded when it has succeeded."""
    is_due = not record.exists() or record.read_text() != value
    yield is_due
    if is_due:
        record.write_text(value)


class PreparationError(Exception):
    """A command failed while the shell was prepared."""


def _run(*command: str) -> None:
    """Run a command without its progress bars; its output is shown if it fails."""
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise PreparationError(f"{' '.join(command)}\n{ended.stdout}{ended.stderr}")


def become_shell(folder: Path) -> NoReturn:
    """Replace this process by the user's shell."""
    shell = os.environ.get("SHELL") or "bash"
    arguments: list[str] = []
    if Path(shell).name == "bash":
        path = shlex.quote(os.environ["PATH"])
        startup = folder / "bashrc"
        startup.write_text(
            "[ ! -r ~/.bashrc ] || . ~/.bashrc\n"
            f"PATH={path}  # that file may put another az first\n"
            'PS1="(emulator) $PS1"\n'
            "trap 'exit 0' EXIT  # make reports any other exit code as an error\n"
        )
        arguments = ["--rcfile", str(startup)]
    os.execvp(shell, [shell, *arguments])


def main() -> int:
    """Prepare everything side by side, then run the shell or the line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--az", type=Path, required=True, help="Program to run as az.")
    parser.add_argument("--wheel", type=Path, required=True, help="Extension to install.")
    parser.add_argument("line", nargs="?", help="Line to run in bash instead of a shell.")
    options = parser.parse_args()
    folder = Path(os.environ["AZURE_CONFIG_DIR"]).parent / "shell"
    prepare_environment(folder, options.az)
    try:
        with ThreadPoolExecutor() as pool:
            prepared = [
                pool.submit(prepare_az, folder, options.wheel),
                pool.submit(prepare_cloud, folder),
            ]
            for outcome in prepared:
                outcome.result()
    except (PreparationError, httpx.HTTPError) as error:
        print(f"error: The sample cloud can't be prepared: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    if options.line is not None:
        os.execvp("bash", ["bash", "-c", options.line])
    print("In this shell, az talks to a local emulator. To transfer images, run:\n")
    print(LINES, flush=True)
    become_shell(folder)


if __name__ == "__main__":
    sys.exit(main())
