"""Who gets access."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.support.site import Site
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_az
LOGIN = (
    "az login --service-principal --tenant $AZURE_TENANT_ID "
    "--username $AZURE_CLIENT_ID --password $Password"
)


def test_a_wrong_secret_is_refused(az: Terminal, tmp_path: Path) -> None:
    own = {"AZURE_CONFIG_DIR": str(tmp_path / "config")}
    refused = az.type(LOGIN, Password="not-the-secret", **own)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "AADSTS7000215" in refused.stderr
    listed = az("acr export-pipeline list --registry myregistry", **own)
    assert listed.exit_code == 1
    assert "az login" in listed.stderr


def test_a_login_of_one_cloud_is_nothing_in_another(
    az: Terminal, far_az: Terminal, site: Site
) -> None:
    theirs = Site.prepare(far_az.cloud, site.name)
    list_theirs = f"acr export-pipeline list {theirs.args}"
    assert far_az.ok(list_theirs).json == []
    mine = {"AZURE_CONFIG_DIR": az.environment["AZURE_CONFIG_DIR"]}
    refused = far_az(list_theirs, **mine)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "not found" not in refused.stderr.lower()
    assert "Traceback" not in refused.stderr


def test_a_token_of_one_cloud_opens_no_door_of_another(
    az: Terminal, far_az: Terminal, site: Site
) -> None:
    far_site = Site.prepare(far_az.cloud, f"{site.name}far")
    doors = {
        PUBLIC.arm_url: f"{PUBLIC.arm_url}/subscriptions?api-version=2022-12-01",
        PUBLIC.vault_audience: f"{far_site.secret_uri}?api-version=7.4",
    }
    for audience, door in doors.items():
        answers = {
            cloud: far_az.cloud.http.get(
                door, headers={"Authorization": f"Bearer {cloud.token(audience)}"}
            ).status_code
            for cloud in (far_az.cloud, az.cloud)
        }
        assert answers == {
            far_az.cloud: httpx.codes.OK,
            az.cloud: httpx.codes.UNAUTHORIZED,
        }


def test_a_sas_that_a_user_signs_opens_a_blob(az: Terminal, site: Site) -> None:
    site.container.upload_blob("blob", b"content")
    expiry = f"{datetime.now(timezone.utc) + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
    blob_options = (
        f"--account-name {site.account} --container-name {site.container_name} --name blob"
    )
    sas = az.ok(
        f"storage blob generate-sas {blob_options} --permissions r --expiry {expiry} --as-user"
        " --auth-mode login --full-uri"
    ).json
    answer = az.cloud.http.get(sas)
    assert (answer.status_code, answer.content) == (httpx.codes.OK, b"content"), answer.text
    forged = az.cloud.http.get(sas.replace("sp=r&", "sp=rw&"))
    assert forged.status_code == httpx.codes.FORBIDDEN
