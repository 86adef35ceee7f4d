"""The emulator as its users install it: by pip, outside any checkout, with az from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.az import Result
from tests.support.terminal import ROOT, bare_environment, run

TRANSFER = r"""
az login --service-principal --tenant $AZURE_TENANT_ID --output none \
  --username $AZURE_CLIENT_ID --password $AZURE_CLIENT_SECRET
az group create -n demo -l westus --output none
az storage account create -g demo -n demostorage --output none
az storage container create -n transfer --account-name demostorage --auth-mode login --output none
for registry in demosource demotarget; do
  az acr create -n $registry -g demo --sku Premium --output none
  az acr login -n $registry --expose-token --query accessToken --output tsv --only-show-errors |
    skopeo login -u 00000000-0000-0000-0000-000000000000 --password-stdin $registry.azurecr.io >/dev/null
done
echo Hello. > hello.txt
tar -cf hello.tar hello.txt
skopeo --insecure-policy copy --quiet tarball:hello.tar docker://demosource.azurecr.io/samples/hello:1.0
container=https://demostorage.blob.core.windows.net/transfer
storage=/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/demo/providers/Microsoft.Storage/storageAccounts/demostorage
for pipeline in "export-pipeline create -r demosource" "import-pipeline create -e false -r demotarget"; do
  principal=$(az acr $pipeline -n pipeline -c $container --query identity.principalId --output tsv)
  az role assignment create --assignee $principal --role 'Storage Blob Data Contributor' --scope $storage --output none
done
az acr pipeline-run create -r demosource -p pipeline -t export -n export01 -b hello.tar -a samples/hello:1.0 --output none
az acr pipeline-run create -r demotarget -p pipeline -t import -n import01 -b hello.tar --output none
for registry in demosource demotarget; do
  skopeo inspect --format '{{.Digest}}' docker://$registry.azurecr.io/samples/hello:1.0
done
"""  # noqa: E501


@pytest.fixture(scope="module")
def environment(extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of a user who has the services in the data folder, az and skopeo on the PATH."""
    home = tmp_path_factory.mktemp("home of a user")
    data = home / "data"
    data.mkdir()
    (data / "acr-emulator").symlink_to(ROOT / ".tools")
    source = home / "emulator"
    unwanted = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "emulator", source, ignore=unwanted)
    environment = bare_environment(home)
    venv = home / "venv"
    for command in (
        (sys.executable, "-m", "venv", str(venv)),
        (str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--no-compile", str(source)),
    ):
        # The caller's environment may say where packages come from.
        installed = run(dict(os.environ) | {"HOME": str(home)}, *command)
        assert installed.exit_code == 0, installed.stderr
    shutil.rmtree(source)
    programs = [venv / "bin", ROOT / ".tools/debian/root/bin"]
    return environment | {
        "PATH": os.pathsep.join([*map(str, programs), environment["PATH"]]),
        "XDG_DATA_HOME": str(data),
        "AZURE_EXTENSION_DIR": str(extensions),
        "REGISTRY_AUTH_FILE": str(home / "registries.json"),
    }


def emulator(environment: dict[str, str], *arguments: str) -> Result:
    program = shutil.which("acr-emulator", path=environment["PATH"])
    assert program is not None
    return run(environment, program, *arguments)


def test_it_has_the_version_of_the_tree(environment: dict[str, str]) -> None:
    shown = emulator(environment, "--version")
    assert (shown.exit_code, shown.stdout) == (0, f"acr-emulator {version('acr-emulator')}\n")


def test_setup_finds_complete_services_in_the_data_folder(environment: dict[str, str]) -> None:
    data = f"{environment['XDG_DATA_HOME']}/acr-emulator"
    result = emulator(environment, "setup")
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        f"Azurite: {data}/azurite/node_modules/.bin/azurite-blob\n"
        f"CNCF distribution: {data}/debian/root/usr/bin/docker-registry\n",
        "",
    )


def test_az_transfers_an_image(environment: dict[str, str]) -> None:
    result = emulator(environment, "run", "--", "bash", "-eo", "pipefail", "-c", TRANSFER)
    assert result.exit_code == 0, result.stderr
    source, target = result.stdout.splitlines()
    assert source == target
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", source)
