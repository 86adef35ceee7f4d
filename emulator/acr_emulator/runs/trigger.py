"""The source trigger: a blob that arrives in an import pipeline's container starts a run."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from acr_emulator.bundled.child_process import StartError
from acr_emulator.engine import StoredBlob, TransferError
from acr_emulator.runs.access import PipelineAccess
from acr_emulator.runs.pipelines import IMPORT, Pipeline
from acr_emulator.runs.record import by_service
from acr_emulator.runs.run_service import Runs
from acr_emulator.state.arm_errors import failure
from acr_emulator.state.background import Background
from acr_emulator.state.clock import Clock
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Store

#: What a blob needs (documented): this metadata, a ContentMD5, and not to be older than that.
CATEGORY = "acr-transfer-blob"
MAX_AGE = timedelta(days=60)

_TICK_SECONDS = 1.0
#: Pipeline and blob -> the ETag for which a run was started.
_TABLE = "triggered"

_logger = logging.getLogger(__name__)


class SourceTrigger:
    """Looks into every container that has a trigger, over and over.

    Azure finds a blob within 15 minutes; this finds it within `trigger_seconds` of the controls.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        settings: Settings,
        access: PipelineAccess,
        runs: Runs,
        deletions: Deletions,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._access = access
        self._runs = runs
        self._deletions = deletions
        self._triggered = store.table(_TABLE)
        self._background = Background("Source trigger")
        #: Pipeline id -> blob, or "" for the whole container -> why it starts no run.
        self.reasons: dict[str, dict[str, str]] = {}

    async def start(self) -> None:
        """Begin to look."""
        self._background.repeat("", self._watch)

    async def stop(self) -> None:
        """Look no more."""
        await self._background.stop()

    async def _watch(self) -> None:
        await self.look()
        await self._pause()

    async def _pause(self) -> None:
        """Wait as long as the controls say, also when they say otherwise in between."""
        clock, settings = self._clock, self._settings
        begun = clock.now()
        while (clock.now() - begun).total_seconds() < settings.trigger_seconds:
            await clock.sleep(min(_TICK_SECONDS, settings.trigger_seconds))

    async def look(self) -> None:
        """Look into every container once."""
        resources = self._store.list("", IMPORT.type)
        pipelines = [Pipeline.of(resource) for resource in resources]
        reasons = {pipeline.id: await self._reasons(pipeline) for pipeline in pipelines}
        self.reasons = {key: reason for key, reason in reasons.items() if reason}

    async def _reasons(self, pipeline: Pipeline) -> dict[str, str]:
        """Why which blob starts no run; a pipeline that meets a defect leaves the others alone."""
        try:
            return await self._look_into(pipeline)
        except Exception as defect:
            _logger.exception("The trigger of %s met a defect of the emulator", pipeline.id)
            return {"": failure(defect)}

    async def _look_into(self, pipeline: Pipeline) -> dict[str, str]:
        if not pipeline.trigger_enabled:
            return {"": "The trigger is disabled."}
        try:
            async with await self._access.open(pipeline) as container:
                blobs = await container.list()
        except (TransferError, StartError) as exc:
            return {"": str(exc)}
        if not self._is_current(pipeline):
            return {"": "The pipeline was changed or deleted."}
        reasons = {}
        for blob in blobs:
            if reason := self._reason_against(pipeline, blob):
                reasons[blob.name] = reason
            else:
                self._run(pipeline, blob)
        return reasons

    def _is_current(self, pipeline: Pipeline) -> bool:
        """Whether the pipeline still exists as it was before its container was read."""
        resource = self._store.get(pipeline.id)
        if resource is None or self._deletions.around(ResourceId.parse(pipeline.id)):
            return False
        return Pipeline.of(resource) == pipeline

    def _reason_against(self, pipeline: Pipeline, blob: StoredBlob) -> str:
        """Why a blob starts no run; "" if it does."""
        if blob.metadata.get("category") != CATEGORY:
            return f"It does not have the metadata category={CATEGORY}."
        if not blob.content_md5:
            return "It has no ContentMD5."
        clock = self._clock
        if clock.now() - clock.from_real_time(blob.last_modified) > MAX_AGE:
            return f"It was last modified more than {MAX_AGE.days} days ago."
        if self._triggered.get(_key(pipeline.id, blob.name)) == blob.etag:
            return "A run was started for it."
        return ""

    def _run(self, pipeline: Pipeline, blob: StoredBlob) -> None:
        """Start a run; that its name contains `_` is known of Azure, no more."""
        now = self._clock.now()
        name = f"{pipeline.name}_{uuid.uuid4().hex[:8]}"
        run = by_service(pipeline, name, now, blob=blob.name)
        modified = self._clock.from_real_time(blob.last_modified)
        with self._store.transaction():
            run = self._runs.save(run, pipeline, triggered=modified)
            self._triggered.put(_key(pipeline.id, blob.name), blob.etag)
        self._runs.launch(run, pipeline)


def forget_blobs(store: Store, pipeline_id: str) -> None:
    """Forget for which blobs a pipeline that is deleted has started runs."""
    store.table(_TABLE).delete_all(_key(pipeline_id))


def _key(pipeline_id: str, blob: str = "") -> str:
    return f"{pipeline_id.lower()} {blob}"
