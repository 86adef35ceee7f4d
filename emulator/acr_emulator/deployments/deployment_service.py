"""Deployments of ARM templates: carried out in the background, their states kept on disk."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from acr_emulator.deployments.rollout import Rollout, duration
from acr_emulator.state.arm_errors import failure
from acr_emulator.state.background import Background, until_written
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.store import Resource, Store

INTERRUPTED = "The deployment was interrupted by a restart of the service."
_FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for"
    " details. Please see https://aka.ms/arm-deployment-operations for usage details."
)


class Deployments:
    """Every deployment of the instance, and what it did."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        #: Deployment id -> its template and its operations, which GET does not show.
        self._details = store.table("deployment")
        #: Deployment id -> when it began: an entry that exists at the start was interrupted.
        self._in_progress = store.table("deployment-under-way")
        self._background = Background("Deployment")

    async def start(self) -> None:
        """Fail the deployments that were in progress when the emulator ended."""
        for deployment_id, _ in list(self._in_progress.items()):
            self._finish(deployment_id, error=_error("DeploymentInterrupted", INTERRUPTED))

    async def stop(self) -> None:
        """Cancel the deployments in progress; the next start fails them."""
        await self._background.stop()

    def is_in_progress(self, deployment_id: str) -> bool:
        """Whether it is being carried out."""
        return self._in_progress.get(deployment_id.lower()) is not None

    def begin(self, deployment: Resource, template: dict[str, Any], rollout: Rollout) -> None:
        """Store a deployment and start it."""
        deployment_id = deployment["id"].lower()
        with self._store.transaction():
            self._store.put(deployment_id, deployment)
            self._details.put(deployment_id, {"template": template, "operations": []})
            self._in_progress.put(deployment_id, self._clock.now().isoformat())

        async def failed(defect: Exception) -> None:
            error = _error("InternalServerError", failure(defect))
            await self._end(deployment_id, rollout, error=error)

        self._background.begin(
            deployment_id, lambda: self._carry_out(deployment_id, rollout), failed
        )

    def details(self, deployment_id: str) -> dict[str, Any]:
        """`template` as it was sent, and `operations`, oldest first."""
        return dict(self._details.get(deployment_id.lower()) or {})

    async def delete(self, deployment_id: str) -> bool:
        """Cancel and forget a deployment, not what it deployed; False if there was none."""
        await self._background.end(deployment_id.lower())
        with self._store.transaction():
            self._in_progress.delete(deployment_id.lower())
            self._details.delete(deployment_id.lower())
            return self._store.delete(deployment_id)

    async def _carry_out(self, deployment_id: str, rollout: Rollout) -> None:
        try:
            await rollout.carry_out()
        except asyncio.CancelledError:  # the next start says that it was interrupted
            self._keep_operations(deployment_id, rollout)
            raise
        error = _error("DeploymentFailed", _FAILED, rollout.errors) if rollout.errors else None
        outputs = {} if error else {"outputs": rollout.outputs}
        resources = {"outputResources": rollout.output_resources()}
        await self._end(deployment_id, rollout, error=error, more=outputs | resources)

    def _keep_operations(self, deployment_id: str, rollout: Rollout) -> None:
        details = self.details(deployment_id)
        self._details.put(deployment_id, details | {"operations": rollout.operations})

    async def _end(
        self,
        deployment_id: str,
        rollout: Rollout,
        *,
        error: dict[str, Any] | None,
        more: dict[str, Any] | None = None,
    ) -> None:
        def write() -> None:
            with self._store.transaction():
                self._keep_operations(deployment_id, rollout)
                self._finish(deployment_id, error=error, more=more)

        await until_written(f"deployment {deployment_id}", write)

    def _finish(
        self,
        deployment_id: str,
        *,
        error: dict[str, Any] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        deployment, began = self._store.get(deployment_id), self._in_progress.get(deployment_id)
        if deployment and began:
            now = self._clock.now()
            properties = deployment["properties"]
            properties["provisioningState"] = "Failed" if error else "Succeeded"
            properties["timestamp"] = timestamp(now, zone="Z")
            properties["duration"] = duration(datetime.fromisoformat(began), now)
            properties |= more or {}
            if error:
                properties["error"] = error | {"target": deployment["id"]}
            with self._store.transaction():
                self._store.put(deployment_id, deployment)
                self._in_progress.delete(deployment_id)


def _error(code: str, message: str, details: list[Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, **({"details": details} if details else {})}
