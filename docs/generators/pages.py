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
            "`az acr pipeline-run create`, `show` and `wait` print these explanations and commands",
            "under a failed run, with the names of your resources. All commands of the extension",
            "print them under a refused request. The commands here are for bash; on Windows, az",
            "prints them for PowerShell or cmd.exe, whichever runs it.",
            "",
            "Only the message of `storage-firewall` is known in full, from a user's report. The",
            "reasons in the other storage messages are Blob Storage's own; the rest are the",
            "emulator's. `tests/e2e/test_known_failures.py` causes each of the",
            f"{len(KNOWN_FAILURES)} failures on the emulator, and fixes it by the printed",
            "commands.",
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
        lines += ["", f"Applies to the storage access mode {row.mode.value}."]
    if row.option:
        lines += ["", f"Applies to the option {row.option.value}."]
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
