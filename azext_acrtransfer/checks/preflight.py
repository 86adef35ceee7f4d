"""The check of a pipeline from end to end: what is asked about, read, and judged."""

from __future__ import annotations

from typing import Any

from azext_acrtransfer.checks.contents import read_contents
from azext_acrtransfer.checks.gathering import gather
from azext_acrtransfer.checks.reader import Reader
from azext_acrtransfer.checks.seen import Asked
from azext_acrtransfer.checks.table import Check, judge
from azext_acrtransfer.globs import Reference
from azext_acrtransfer.resources import Resources
from azext_acrtransfer.selection import Selection
from azext_acrtransfer.values import Artifact


def check(cmd: Any, pipelines: Resources, name: str, asked: Asked) -> list[Check]:
    """What holds of a pipeline and of what it is to move, check by check."""
    seen = gather(
        Reader(cmd.cli_ctx),
        pipelines,
        name,
        asked,
        contents=lambda artifacts: read_contents(registry_content(cmd, pipelines), artifacts),
    )
    return judge(seen)


def chosen(
    cmd: Any, pipelines: Resources, artifacts: tuple[Reference, ...]
) -> tuple[Artifact, ...]:
    """The artifacts to check; only globs ask the registry."""
    if not artifacts:
        return ()
    return Selection(artifacts).resolve(registry_content(cmd, pipelines))


def registry_content(cmd: Any, pipelines: Resources) -> Any:
    """The artifacts of the registry."""
    # Late: it loads azure-cli's own module, which a check without artifacts can do without.
    from azext_acrtransfer.registry_content import RegistryContent

    return RegistryContent(cmd, pipelines.registry.name, pipelines.registry.resource_group)
