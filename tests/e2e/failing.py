"""A transfer that is in order, until a test breaks something of it; and its fix."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from acr_emulator.cloud.clouds import PUBLIC
from azure.storage.blob import BlobClient, generate_account_sas, generate_container_sas

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.diagnostics.facts import Facts
from tests.support.az import Result
from tests.support.cloud import Cloud, Json
from tests.support.site import ACCOUNT, GROUP, Kind, Mode, Site
from tests.support.wording import TO_TRANSFER_THE_REST

ROWS = {row.code: row for row in KNOWN_FAILURES}
ARTIFACT, PIPELINE, RUN, BLOB = "samples/hello:1.0", "mypipeline", "myrun01", "myblob"
SIDES: dict[Kind, str] = {"export": "target", "import": "source"}
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_REST = TO_TRANSFER_THE_REST
_AUTHORIZATION = "providers/Microsoft.Authorization"


@dataclass
class Scene:
    """A registry with an artifact, and for an import a blob with it; a pipeline with its rights."""

    site: Site
    kind: Kind = "export"
    mode: Mode = "SasToken"
    options: tuple[str, ...] = ()
    #: What a test changes of the pipeline's container or its trigger.
    storage: dict[str, str] = field(default_factory=dict)
    trigger: str = "Disabled"
    #: What the run requests.
    artifacts: tuple[str, ...] = (ARTIFACT,)
    blob: str = BLOB
    #: What the blob held before a test damaged it.
    content: bytes = b""
    #: What an import is checked to bring.
    brought: tuple[str, ...] = ()
    pipeline: Json = field(default_factory=dict)

    @classmethod
    def prepare(cls, cloud: Cloud, name: str, kind: Kind = "export", **more: Any) -> Scene:
        """Have everything in order."""
        site = Site.prepare(cloud, name, kind)
        scene = cls(site, kind, **more)
        site.registry_client.push("samples/hello", "1.0", layer=b"hello")
        if kind == "import":
            exporter = site.pipeline("export", "exporter", "ManagedIdentity")
            site.run("exported", exporter, BLOB, ARTIFACT)
            assert site.finished("exported")["response"]["status"] == "Succeeded"
        scene.put_pipeline()
        scene.grant()
        return scene

    def put_pipeline(self, **storage: str) -> None:
        """Write the pipeline, also over itself: its identity stays."""
        self.storage |= storage
        where = {"uri": self.site.container_uri, "storageAccessMode": self.mode}
        if self.mode == "SasToken":
            where["keyVaultUri"] = self.site.secret_uri
        properties: Json = {SIDES[self.kind]: where | self.storage, "options": list(self.options)}
        if self.kind == "import":
            properties["trigger"] = {"sourceTrigger": {"status": self.trigger}}
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        self.pipeline = self.site.resource(f"{self.kind}Pipelines/{PIPELINE}", "PUT", body)

    def grant(self, role: str = CONTRIBUTOR) -> None:
        """Let the pipeline's identity read the secret, or give it a role on the account."""
        if self.mode == "SasToken":
            self.site.grant_secret(self.pipeline)
        else:
            self._assign(role)

    def revoke(self) -> None:
        """Take its rights back."""
        if self.mode == "SasToken":
            self.site.revoke_secret(self.pipeline)
            return
        for each in self.cloud.arm("GET", f"{_AUTHORIZATION}/roleAssignments")["value"]:
            if each["properties"]["principalId"] == self.principal:
                self.cloud.arm("DELETE", each["id"].split("/", 3)[3])

    def _assign(self, role: str) -> None:
        definition = f"/subscriptions/{PUBLIC.subscription_id}/{_AUTHORIZATION}/roleDefinitions"
        properties = {"roleDefinitionId": f"{definition}/{role}", "principalId": self.principal}
        scope = f"Microsoft.Storage/storageAccounts/{ACCOUNT}"
        path = f"{scope}/{_AUTHORIZATION}/roleAssignments/{uuid.uuid4()}"
        self.site.arm("PUT", path, {"properties": properties})

    @property
    def cloud(self) -> Cloud:
        """Where all of it is."""
        return self.site.cloud

    @property
    def stored(self) -> BlobClient:
        """The blob, through storage's own client with the account's key."""
        return self.site.container.get_blob_client(self.blob)

    @property
    def principal(self) -> str:
        """The pipeline's identity."""
        return str(self.pipeline["identity"]["principalId"])

    @property
    def permissions(self) -> str:
        """What the guides ask of a SAS for this direction and these options."""
        if self.kind == "export":
            return "alrw"
        return "dlr" if "DeleteSourceBlobOnSuccess" in self.options else "lr"

    @property
    def facts(self) -> Facts:
        """All that a command of the table may need."""
        return Facts(
            {
                "account": ACCOUNT,
                "blob": self.blob,
                "container": self.site.name,
                "container-uri": self.site.container_uri,
                "expiry": f"{datetime.now(timezone.utc) + timedelta(days=90):%Y-%m-%d}",
                "group": GROUP,
                "pipeline": PIPELINE,
                "pipeline-group": f"{self.kind}-pipeline",
                "principal-id": self.principal,
                "registry": self.site.registry,
                "sas-permissions": self.permissions,
                "secret": self.site.secret,
                "secret-uri": self.site.secret_uri,
                "vault": self.site.vault,
            }
        )

    @property
    def command(self) -> str:
        """The command line that runs the pipeline."""
        line = (
            f"acr pipeline-run create {self.site.args} --name {RUN} --pipeline {PIPELINE} "
            f"--pipeline-type {self.kind} --storage-blob {self.blob}"
        )
        return f"{line} --artifacts {' '.join(self.artifacts)}" if self.kind == "export" else line

    @property
    def check(self) -> str:
        """The command line that checks the pipeline for what it is to move."""
        line = f"acr {self.kind}-pipeline check {self.site.args} --name {PIPELINE}"
        artifacts = self.artifacts if self.kind == "export" else self.brought
        more = f" --artifacts {' '.join(artifacts)}" if artifacts else ""
        return f"{line} --storage-blob {self.blob}{more}"

    def run_again(self) -> Json:
        """What the command with --force-redeploy requests, by a direct request; its response."""
        request: Json = {
            "pipelineResourceId": self.pipeline["id"],
            SIDES[self.kind]: {"type": "AzureStorageBlob", "name": self.blob},
        }
        if self.kind == "export":
            request["artifacts"] = self.artifacts
        properties = {"request": request, "forceUpdateTag": str(uuid.uuid4())}
        self.site.resource(f"pipelineRuns/{RUN}", "PUT", {"properties": properties})
        response: Json = self.site.finished(RUN)["response"]
        return response

    def key(self) -> str:
        """The storage account's key."""
        account = f"Microsoft.Storage/storageAccounts/{ACCOUNT}"
        return str(self.site.arm("POST", f"{account}/listKeys")["keys"][0]["value"])

    def write_sas(
        self, *, permissions: str = "", hours: int = 1, key: str = "", **more: Any
    ) -> str:
        """Put a SAS of the container into the secret; returns it."""
        sas = generate_container_sas(
            ACCOUNT,
            self.site.name,
            key or self.key(),
            permission=permissions or self.permissions,
            expiry=datetime.now(timezone.utc) + timedelta(hours=hours),
            **({"protocol": "https"} | more),
        )
        self.site.write_secret(f"?{sas}")
        return sas

    def vault(self, method: str, body: Json | None = None) -> Json:
        """Ask the vault about the secret."""
        answer = self.cloud.http.request(
            method,
            self.site.secret_uri,
            params={"api-version": "7.4"},
            headers={"Authorization": f"Bearer {self.cloud.token(PUBLIC.vault_audience)}"},
            json=body,
        )
        assert answer.is_success, answer.text
        resource: Json = answer.json()
        return resource

    def write_account_sas(self, resource_types: str, **more: Any) -> None:
        """Put an account SAS into the secret."""
        expiry = datetime.now(timezone.utc) + timedelta(hours=1)
        sas = generate_account_sas(ACCOUNT, self.key(), resource_types, "rwdlac", expiry, **more)
        self.site.write_secret(f"?{sas}")

    def change_account(self, **properties: Any) -> None:
        """Change the storage account that all scenes share."""
        self.site.arm(
            "PATCH", f"Microsoft.Storage/storageAccounts/{ACCOUNT}", {"properties": properties}
        )

    def printed(self, code: str, result: Result) -> list[str]:
        """The commands that stand between the meaning of a row and its advice."""
        row, lines = ROWS[code], result.stderr.splitlines()
        # Where a command for the rest is printed, the same command is not to be run again.
        has_rest = _REST in lines
        means, advice = self.facts.fill(row.means), row.remedy.advice(with_rerun=not has_rest)
        end = advice or _REST
        assert means in result.stderr, result.stderr
        assert end in lines, result.stderr
        first = next(number for number, line in enumerate(lines) if means in line)
        return lines[first + 1 : lines.index(end)]
