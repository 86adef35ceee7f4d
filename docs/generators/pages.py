"""Pages under docs/ that are made from the code: `scripts/docs` writes them, a test compares."""

from __future__ import annotations

from pathlib import Path

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES, KnownFailure
from docs.generators.checks_page import checks
from docs.generators.commands_page import command_pages
from docs.generators.documented_commands import documented_commands
from docs.generators.example_facts import EXAMPLES
from docs.generators.manifest_page import transfer_manifest
from docs.generators.results_page import results

DOCS = Path(__file__).parents[1]


def known_failures() -> str:
    """docs/reference/known-failures.md, from the catalog of known failures."""
    return "\n".join(
        [
            "# Known failures",
            "",
            "<!-- made by scripts/docs from azext_acrtransfer/diagnostics/catalog.py -->",
            "",
            "What `az acr pipeline-run create`, `show` and `wait` print under a failed run, and",
            "every command of the extension under a refused request, with the names of your",
            "resources in place of `myregistry`, `mypipeline` and the like. The commands here are",
            "for bash; on Windows az prints them for PowerShell or cmd.exe where it runs in these.",
            "Of the messages, only that of `storage-firewall` was recorded in full from the",
            "service; the reasons in the other storage messages are Blob Storage's own, and the",
            "rest is how the emulator words it. `tests/e2e/test_known_failures.py` causes each of",
            f"the {len(KNOWN_FAILURES)} failures there, and fixes it by the printed commands.",
            "",
            "| failure | what it means |",
            "|---|---|",
            *(
                f"| [{row.code}](#{row.code}) | {EXAMPLES.fill(row.means)} |"
                for row in KNOWN_FAILURES
            ),
            "",
            *(line for row in KNOWN_FAILURES for line in _section(row)),
        ]
    )


def _section(row: KnownFailure) -> list[str]:
    lines = [f"## {row.code}", "", "> " + row.quote, "", _means(row)]
    if row.mode:
        lines += ["", f"Storage access mode: {row.mode.value}."]
    if row.option:
        lines += ["", f"Option: {row.option.value}."]
    commands = [*row.remedy.steps(EXAMPLES), *row.remedy.alternative_steps(EXAMPLES)]
    if commands:
        lines += ["", "```sh", *commands, "```"]
    return [*lines, "", row.remedy.advice(), ""]


def _means(row: KnownFailure) -> str:
    return EXAMPLES.fill(row.means)


PAGES = {
    "reference/checks.md": checks,
    "reference/documented-commands.md": documented_commands,
    "reference/results.md": results,
    "reference/transfer-manifest.md": transfer_manifest,
    "reference/known-failures.md": known_failures,
    **command_pages(),
}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
