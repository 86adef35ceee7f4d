"""The flow: both access modes, failures and the source trigger; each step answers questions."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence

from azure.storage.blob import ContentSettings

from tests.live.account import Json
from tests.live.session import Answer, Session
from tests.live.setting import Setting, pushed
from tests.live.wording import (
    end_of,
    form_of,
    headers_of,
    keys_of,
    members_of,
    operation_of,
    seconds_of,
)

_TYPES = {"export": "exportPipelines", "import": "importPipelines"}
_SIDES = {"export": "target", "import": "source"}
_REGISTRIES = {"export": "source", "import": "target"}
_TRIGGER_SECONDS = 3600
#: New roles can take minutes to propagate.
_ACCESS_SECONDS = 900
_ONE, _TWO, _SIGNED = "samples/one:1.0", "samples/two:1.0", "samples/signed:1.0"
_SIGNATURE = "application/vnd.example.signature"


class Flow:
    """Walks through the service; ``answers`` has lines by the key of a question."""

    def __init__(self, session: Session, setting: Setting, tell: Callable[[str], None]) -> None:
        self._session = session
        self._setting = setting
        self._tell = tell
        self.answers: dict[str, list[str]] = {}

    def run(self) -> None:
        """Do all steps; each needs those before it."""
        for step in (
            self._push,
            self._run_without_access,
            self._export,
            self._repeat,
            self._fail,
            self._look_into_the_blob,
            self._import,
            self._fail_to_import,
            self._use_sas_tokens,
            self._let_the_trigger_import,
            self._list_and_delete,
            self._name_and_replace,
            self._run_commands,
        ):
            self._tell(f"{step.__name__.strip('_').replace('_', ' ')} ...")
            step()

    def _answer(self, question: str, *lines: str) -> None:
        self.answers.setdefault(question, []).extend(lines)

    # Requests

    def _pipeline(
        self,
        kind: str,
        name: str,
        *,
        secret: str = "",
        options: Sequence[str] = (),
        trigger: str = "Disabled",
        container: str = "exports",
    ) -> Answer:
        storage: Json = {"type": "AzureStorageBlobContainer"}
        storage["uri"] = self._setting.container_uri(container)
        if secret:
            storage["keyVaultUri"] = self._setting.secret_uri(secret)
        storage["storageAccessMode"] = "SasToken" if secret else "ManagedIdentity"
        properties: Json = {_SIDES[kind]: storage}
        if kind == "import":
            properties["trigger"] = {"sourceTrigger": {"status": trigger}}
        if options:
            properties["options"] = list(options)
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        return self._session.arm("PUT", self._path(kind, f"/{_TYPES[kind]}/{name}"), body)

    def _path(self, kind: str, path: str) -> str:
        return self._setting.registry(_REGISTRIES[kind], path)

    def _put(
        self, kind: str, name: str, pipeline: str, blob: str, *artifacts: str, **more: str
    ) -> Answer:
        request: Json = {
            "pipelineResourceId": self._path(kind, f"/{_TYPES[kind]}/{pipeline}"),
            _SIDES[kind]: {"type": "AzureStorageBlob", "name": blob},
        }
        if artifacts:
            request["artifacts"] = list(artifacts)
        if digest := more.pop("digest", ""):
            request["catalogDigest"] = digest
        properties: Json = {"request": request}
        if tag := more.pop("tag", ""):
            properties["forceUpdateTag"] = tag
        path = self._path(kind, f"/pipelineRuns/{name}")
        return self._session.arm("PUT", path, {"properties": properties})

    def _get(self, kind: str, name: str) -> Answer:
        return self._session.arm("GET", self._path(kind, f"/pipelineRuns/{name}"))

    def _ended(self, kind: str, name: str) -> Answer:
        def look() -> Answer | None:
            answer = self._get(kind, name)
            return answer if answer.is_over else None

        return self._session.until(look, f"end of run {name}")

    def _run(
        self, kind: str, name: str, pipeline: str, blob: str, *artifacts: str, **more: str
    ) -> Answer:
        """Create a run and wait for its end; a refusal is its end, too."""
        put = self._put(kind, name, pipeline, blob, *artifacts, **more)
        return self._ended(kind, name) if put.is_success else put

    def _run_with_access(
        self, kind: str, name: str, pipeline: str, blob: str, *artifacts: str
    ) -> Answer:
        """Run until access that was granted just now has propagated."""
        started = time.monotonic()
        for number in range(1, 100):
            ended = self._run(kind, name, pipeline, blob, *artifacts, tag=f"try {number}")
            is_refused = "403" in str(ended.response.get("pipelineRunErrorMessage"))
            if not is_refused or time.monotonic() - started > _ACCESS_SECONDS:
                break
            time.sleep(15)
        return ended

    # Steps

    def _push(self) -> None:
        client = self._setting.registry_client("source")
        for reference in (_ONE, _TWO, _SIGNED):
            repository, _, tag = reference.partition(":")
            client.push(repository, tag, layer=reference.encode())
        repository, _, tag = _SIGNED.partition(":")
        self._subject = str(client.digest(repository, tag))
        self._signature = pushed(client, repository, self._subject, _SIGNATURE)

    def _run_without_access(self) -> None:
        self._exporter = self._pipeline("export", "exporter")
        put = self._put("export", "noaccess", "exporter", "noaccess", _ONE)
        self._answer("no-access", f"PUT: {put.status}, {put.state}.")
        self._answer("no-access", *end_of(self._ended("export", "noaccess")))
        # What fails without access needs no artifacts and no blobs, so it can be replayed.
        with self._session.recording("failed-run"):
            self._importer = self._pipeline("import", "importer")
            self._put("import", "noaccess", "importer", "noaccess")
            ended = self._ended("import", "noaccess")
            self._session.arm("GET", self._path("import", "/pipelineRuns"))
        self._answer("no-access", f"An import: {' '.join(end_of(ended))}")

    def _export(self) -> None:
        self._setting.grant_storage(self._exporter.body)
        artifacts = (_ONE, _SIGNED, f"samples/signed@{self._signature}")
        # The first run with access tells that the role has propagated.
        self._run_with_access("export", "warmup", "exporter", "warmup", _TWO)
        self._blob_artifacts = artifacts
        put = self._put("export", "export01", "exporter", "blob01", *artifacts)
        self._answer(
            "put",
            f"{put.status} within {seconds_of(put.seconds)} s, {put.state}.",
            f"Headers: {', '.join(sorted(put.headers))}.",
            *headers_of(put),
            f"Keys of properties: {keys_of(put.properties)}; of request: "
            f"{keys_of(put.properties.get('request'))}; of response: {keys_of(put.response)}.",
        )
        self._poll_operation(put)
        ended = self._ended("export", "export01")
        self._exported = ended
        response = ended.response
        self._answer(
            "succeeded",
            f"{ended.state}, percentage {(response.get('progress') or {}).get('percentage')}.",
            f"Keys of response: {keys_of(response)}.",
            f"catalogDigest: {form_of(response.get('catalogDigest'))}.",
            f"startTime: {form_of(response.get('startTime'))}.",
        )

    def _poll_operation(self, put: Answer) -> None:
        url = put.headers.get("azure-asyncoperation") or put.headers.get("location")
        if not url:
            self._answer("operation", f"The answer {put.status} names no operation.")
            return
        bodies: list[str] = []

        def look() -> Answer | None:
            answer = self._session.url("GET", url)
            text = operation_of(answer)
            bodies.extend([] if text in bodies else [text])
            return answer if answer.is_over or not answer.is_success else None

        self._session.until(look, "end of the operation")
        self._answer("operation", *bodies)

    def _repeat(self) -> None:
        start = self._exported.response.get("startTime")
        again = self._put("export", "export01", "exporter", "blob01", *self._blob_artifacts)
        ran = (
            "It ran again." if again.response.get("startTime") != start else "It didn't run again."
        )
        self._answer("repeated", f"{again.status}, {again.state}. {ran}")
        forced = self._put(
            "export", "export01", "exporter", "blob01", *self._blob_artifacts, tag="again"
        )
        ended = self._ended("export", "export01")
        self._answer("forced", f"{forced.status}, {forced.state}.")
        self._answer("blob-exists", *end_of(ended))

    def _fail(self) -> None:
        put = self._put("export", "missing1", "exporter", "missing1", "samples/nowhere:1.0")
        if put.is_success:
            url = put.headers.get("azure-asyncoperation") or put.headers.get("location")
            ended = self._ended("export", "missing1")
            operation = self._session.url("GET", url) if url else None
            self._answer("failed", *end_of(ended), f"Keys of response: {keys_of(ended.response)}.")
            if operation:
                self._answer("failed", f"Its operation: {operation_of(operation)}")
        else:
            self._answer("failed", f"PUT: {put.status} {put.error}")
        made = self._pipeline("export", "tolerant", options=("ContinueOnErrors", "OverwriteBlobs"))
        self._setting.grant_storage(made.body)
        artifacts = (_ONE, "samples/nowhere:1.0", _TWO)
        partial = self._run_with_access("export", "partial1", "tolerant", "partial", *artifacts)
        exists = self._setting.container("exports").get_blob_client("partial").exists()
        self._answer(
            "partial", *end_of(partial), f"The blob {'exists' if exists else 'is missing'}."
        )
        many = [f"samples/one:{number}" for number in range(51)]
        too_many = self._run("export", "toomany1", "exporter", "toomany", *many)
        self._answer("too-many", *end_of(too_many))

    def _look_into_the_blob(self) -> None:
        blob = self._setting.container("exports").get_blob_client("blob01")
        content = blob.download_blob().readall()
        properties = blob.get_blob_properties()
        self._blob, self._metadata = content, properties.metadata
        settings = properties.content_settings
        is_whole = bytes(settings.content_md5 or b"") == hashlib.md5(content).digest()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        is_catalog = digest == self._exported.response.get("catalogDigest")
        self._answer(
            "layout",
            f"{getattr(properties.blob_type, 'value', properties.blob_type)}, "
            f"{settings.content_type}, first bytes {content[:4].hex()}.",
            f"Metadata: {', '.join(sorted(properties.metadata))}. Content-MD5 "
            f"{'is that of the content' if is_whole else 'is missing or different'}.",
            "catalogDigest is the SHA-256 of the blob."
            if is_catalog
            else "catalogDigest isn't the SHA-256 of the blob.",
            *members_of(content),
        )

    def _import(self) -> None:
        self._setting.grant_storage(self._importer.body)
        ended = self._run_with_access("import", "import01", "importer", "blob01")
        response = ended.response
        imported = [form_of(name) for name in response.get("importedArtifacts") or ()]
        self._answer(
            "imported",
            *end_of(ended),
            f"Keys of response: {keys_of(response)}.",
            f"importedArtifacts: {', '.join(imported)}.",
        )
        client = self._setting.registry_client("target")
        path = f"/v2/samples/signed/referrers/{self._subject}"
        answer = client.call("GET", path, "repository:samples/signed:pull")
        listed = answer.json().get("manifests", []) if answer.is_success else []
        is_there = client.manifest("samples/signed", self._signature) is not None
        is_listed = self._signature in [entry.get("digest") for entry in listed]
        self._answer(
            "subjects",
            f"The signature {'arrived' if is_there else 'did not arrive'} by its digest.",
            f"The referrers API answers {answer.status_code} and "
            f"{'lists it' if is_listed else 'does not list it'}.",
        )

    def _fail_to_import(self) -> None:
        client = self._setting.registry_client("target")
        client.push("samples/one", "1.0", layer=b"something else")
        before = client.digest("samples/one", "1.0")
        ended = self._run("import", "import02", "importer", "blob01")
        is_kept = client.digest("samples/one", "1.0") == before
        tag = f"The tag {'stayed' if is_kept else 'was moved'}."
        self._answer("tag-exists", *end_of(ended), tag)
        missing = self._run("import", "import03", "importer", "nowhere")
        self._answer("blob-missing", *end_of(missing))
        digest = f"sha256:{'0' * 64}"
        wrong = self._run("import", "import04", "importer", "warmup", digest=digest)
        self._answer("wrong-digest", *end_of(wrong))

    def _use_sas_tokens(self) -> None:
        made = self._pipeline("export", "sasexporter", secret="export", options=("OverwriteBlobs",))
        self._setting.grant_secret(made.body)
        token = self._setting.sas("exports", "rwla")
        for prefix in ("?", ""):
            self._setting.write_secret("export", prefix + token)
            name = f"sas{len(prefix)}run"
            ended = self._run_with_access("export", name, "sasexporter", "sasblob", _ONE)
            self._answer("sas", f"{'With' if prefix else 'Without'}: {' '.join(end_of(ended))}")

    def _let_the_trigger_import(self) -> None:
        made = self._pipeline(
            "import",
            "triggered",
            secret="import",
            options=("OverwriteTags",),
            trigger="Enabled",
            container="imports",
        )
        self._setting.write_secret("import", "?" + self._setting.sas("imports", "rl"))
        self._setting.grant_secret(made.body)
        run, seconds = self._triggered(self._blob, 1)
        trigger = (run.response.get("trigger") or {}).get("sourceTrigger")
        name = str(run.body["name"])
        self._answer(
            "trigger",
            f"Within {'a minute' if seconds < 60 else f'{seconds / 60:.0f} minutes'}.",
            f"Name: {form_of(name)}. Keys of sourceTrigger: {keys_of(trigger)}.",
            f"createdByType: {(run.body.get('systemData') or {}).get('createdByType')}.",
            *end_of(run),
        )
        other = self._setting.container("exports").get_blob_client("warmup").download_blob()
        try:
            _, seconds = self._triggered(other.readall(), 2)
            self._answer("trigger-again", "It is imported again.")
        except TimeoutError:
            self._answer("trigger-again", f"Not within {_TRIGGER_SECONDS // 60} minutes.")

    def _triggered(self, content: bytes, count: int) -> tuple[Answer, float]:
        """Upload a blob, and wait for the end of as many runs as the trigger has created."""
        blob = self._setting.container("imports").get_blob_client("carried")
        settings = ContentSettings(content_md5=bytearray(hashlib.md5(content).digest()))
        blob.upload_blob(
            content, overwrite=True, metadata=self._metadata, content_settings=settings
        )
        started = time.monotonic()

        def look() -> Answer | None:
            answer = self._session.arm("GET", self._path("import", "/pipelineRuns"))
            runs = [run for run in answer.body["value"] if "/triggered" in json.dumps(run)]
            if len(runs) < count:
                return None
            runs.sort(
                key=lambda run: str((run["properties"].get("response") or {}).get("startTime"))
            )
            return Answer(answer.status, answer.headers, runs[-1], answer.seconds)

        run = self._session.until(look, "run of the source trigger", _TRIGGER_SECONDS)
        seconds = time.monotonic() - started
        return self._ended("import", str(run.body["name"])), seconds

    def _list_and_delete(self) -> None:
        created = ["zebra01", "apple01", "mango01"]
        for name in created:
            self._run("export", name, "tolerant", name, _ONE)
        listed = self._session.arm("GET", self._path("export", "/pipelineRuns")).body["value"]
        names = [run["name"] for run in listed if run["name"] in created]
        orders = {
            tuple(created): "the oldest first",
            tuple(sorted(created)): "by name",
            tuple(reversed(created)): "the newest first",
        }
        self._answer(
            "order",
            f"Created {', '.join(created)}; listed {', '.join(names)}: "
            f"{orders.get(tuple(names), 'in another order')}.",
        )
        path = self._path("export", "/pipelineRuns/nowhere1")
        missing = {method: self._session.arm(method, path) for method in ("GET", "DELETE")}
        for method, answer in missing.items():
            self._answer("run-missing", f"{method}: {answer.status} {answer.error}".strip())
        other_case = self._get("export", "ZEBRA01")
        shown = other_case.body.get("name") if other_case.is_success else other_case.error
        self._answer("case", f"GET of ZEBRA01 for zebra01: {other_case.status} {shown}.")
        deleted = self._session.arm("DELETE", self._path("export", "/pipelineRuns/zebra01"))
        headers = ", ".join(sorted(deleted.headers))
        self._answer("run-deleted", f"{deleted.status}; headers: {headers}.")

    def _name_and_replace(self) -> None:
        for name in ("ab", "with_underscore"):
            refused = self._put("export", name, "exporter", "named", _ONE)
            self._answer("names", f"'{name}': {refused.status} {refused.error}".strip())
        with self._session.recording("pipelines"):
            first = self._pipeline("export", "replaced", options=("OverwriteBlobs",))
            second = self._pipeline("export", "replaced", container="imports")
            self._session.arm("GET", self._path("export", "/exportPipelines/replaced"))
            gone = self._path("export", "/exportPipelines/nowhere1")
            for method in ("GET", "DELETE"):
                self._session.arm(method, gone)
            self._session.arm("DELETE", self._path("export", "/exportPipelines/replaced"))
        identities = [answer.body["identity"].get("principalId") for answer in (first, second)]
        kept = "are gone" if "options" not in second.properties else "stay"
        self._answer(
            "replaced",
            f"{first.status}, then {second.status}: options that aren't sent again {kept}.",
            f"The identity {'stays' if identities[0] == identities[1] else 'is another one'}.",
        )
        deleted = self._session.arm("DELETE", self._path("export", "/exportPipelines/tolerant"))
        run = self._get("export", "apple01")
        stays = "stay" if run.is_success else f"answer {run.status}"
        self._answer(
            "pipeline-deleted", f"{deleted.status} {deleted.error}".strip() + f"; its runs {stays}."
        )

    def _run_commands(self) -> None:
        setting, account = self._setting, self._setting.account
        manifest = str(account.folder / "manifest.json")
        in_registry = ("--resource-group", setting.group_name, "--registry")
        source, target = f"{setting.prefix}source", f"{setting.prefix}target"
        export = ("acr", "pipeline-run", "create", *in_registry, source, "--pipeline", "exporter")
        commands = (
            ("acr", "export-pipeline", "check", *in_registry, source, "--name", "exporter"),
            (
                *export,
                "--pipeline-type",
                "export",
                "--name",
                "command01",
                "--storage-blob",
                "command01.tar",
                "--artifacts",
                "samples/*",
                "--manifest",
                manifest,
                "--timeout",
                "1800",
            ),
            (
                "acr",
                "pipeline-run",
                "create",
                *in_registry,
                target,
                "--pipeline",
                "importer",
                "--pipeline-type",
                "import",
                "--name",
                "command02",
                "--storage-blob",
                "command01.tar",
            ),
            ("acr", "pipeline-run", "verify", *in_registry, target, "--manifest", manifest),
        )
        for words in commands:
            ended = account.az(*words, "--output", "none")
            first = next(iter(ended.stderr.splitlines()[-1:]), "")
            self._answer(
                "commands",
                f"`az {' '.join(words[:3])}`: exit code {ended.exit_code}. {first}".strip(),
            )
