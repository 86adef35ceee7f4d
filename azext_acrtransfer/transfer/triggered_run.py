"""The run that the source trigger of an import pipeline starts for a blob."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from azure.cli.core.azclierror import AzCLIError, AzureResponseError, InvalidArgumentValueError
from azure.core.exceptions import AzureError, ResourceNotFoundError
from knack.log import get_logger

from azext_acrtransfer.command_lines import Command, az
from azext_acrtransfer.diagnostics.diagnosis import message_of
from azext_acrtransfer.kinds import IMPORT
from azext_acrtransfer.redaction import enumerated
from azext_acrtransfer.service import models, runs
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.resources import Answer, Resources

logger = get_logger(__name__)
#: Source: the service's guide and its troubleshooting page.
_NEEDS = (
    "A source trigger finds a blob within 15 minutes, and only one that has a Content-MD5 and the "
    "metadata category=acr-transfer-blob."
)


class TriggeredRun:
    """The latest run that a trigger started for the current content of a blob."""

    def __init__(
        self, cli_ctx: Any, all_runs: Resources, pipeline_name: str | None, blob: str
    ) -> None:
        self._cli_ctx = cli_ctx
        self._all_runs = all_runs
        self._pipeline_name = pipeline_name
        self._blob = blob
        self._is_known = False

    def look(self) -> Answer:
        """Return the run; raise ResourceNotFoundError if the trigger hasn't started it yet."""
        candidates: list[Any] = list(self._candidates())
        if not candidates:
            self._require_trigger()
            raise ResourceNotFoundError  # the wait continues
        self._is_known = True
        return Answer(models.read(self._all_runs.kind, max(candidates, key=runs.started)))

    def advice_on_timeout(self) -> list[str]:
        """Return what to do when the wait was too short."""
        command = self._command("acr pipeline-run wait", pipeline=self._name)
        resume = ["To resume waiting, run:", str(command.adding(storage_blob=self._blob))]
        if self._is_known:
            return resume
        check = self._command("acr import-pipeline check", name=self._name)
        checking = ["To check the pipeline and the blob, run:"]
        return [_NEEDS, *checking, str(check.adding(storage_blob=self._blob)), *resume]

    def _candidates(self) -> Iterator[runs.Run]:
        pipeline_id = str(get_path(self._pipeline, "id")).lower()
        for run in self._all_runs.list():
            requested = get_path(run, "properties", "request", "pipelineResourceId")
            is_of_pipeline = str(requested).lower() == pipeline_id
            if is_of_pipeline and runs.is_triggered(run) and self._is_of_blob(run):
                yield run

    def _is_of_blob(self, run: runs.Run) -> bool:
        """Whether a run imports the current content of the blob."""
        properties, container = run["properties"], self._container.removesuffix("/")
        name = get_path(properties, "request", IMPORT.side, "name")
        uri = unquote(str(get_path(properties, "response", IMPORT.side, "uri")))
        if f"{container}/{self._blob}" not in (f"{container}/{name}", uri):
            return False
        return not self._uploaded or runs.started(run) >= self._uploaded

    @cached_property
    def _pipeline(self) -> Any:
        pipelines = self._all_runs.of_kind(IMPORT)
        if self._pipeline_name:
            return pipelines.get(self._pipeline_name).resource
        triggered = [pipeline for pipeline in pipelines.list() if _has_trigger(pipeline)]
        if len(triggered) == 1:
            return triggered[0]
        names = enumerated(f"'{pipeline['name']}'" for pipeline in triggered)
        raise InvalidArgumentValueError(
            f"Registry '{self._all_runs.registry.name}' has {len(triggered) or 'no'} import "
            f"pipelines with an enabled source trigger{f': {names}' if names else ''}.",
            recommendation="Add --pipeline to specify the import pipeline.",
        )

    @cached_property
    def _name(self) -> str:
        return str(get_path(self._pipeline, "name"))

    @cached_property
    def _container(self) -> str:
        return str(get_path(self._pipeline, "properties", IMPORT.side, "uri"))

    @cached_property
    def _uploaded(self) -> datetime | None:
        """When the blob was uploaded; None if it doesn't exist any more, or can't be read."""
        # Deferred: it loads the storage client.
        from azext_acrtransfer.storage.client import last_modified

        try:
            return last_modified(self._cli_ctx, self._container, self._blob)
        except ResourceNotFoundError:
            return None  # a pipeline can delete a blob that it imported
        except (AzureError, AzCLIError) as error:
            logger.warning(
                "You can't read blob '%s' (%s). The latest run for a blob of this name counts, "
                "which can be of an earlier upload.",
                self._blob,
                message_of(error).partition("\n")[0],
            )
            return None

    def _require_trigger(self) -> None:
        if _has_trigger(self._pipeline):
            return
        update = self._command(
            "acr import-pipeline update", name=self._name, source_trigger_enabled="true"
        )
        raise AzureResponseError(
            f"The source trigger of import pipeline '{self._name}' is disabled: it starts no run.",
            recommendation=["To enable it, run:", str(update)],
        )

    def _command(self, command: str, **options: str) -> Command:
        registry = self._all_runs.registry
        return az(
            command, resource_group=registry.resource_group, registry=registry.name, **options
        )


def _has_trigger(pipeline: Any) -> bool:
    status = get_path(pipeline, "properties", "trigger", "sourceTrigger", "status")
    return str(status).lower() == "enabled"
