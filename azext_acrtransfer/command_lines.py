"""Commands that are printed for the user to run: built, quoted and rendered here only.

``az`` builds a command from its name and options, and ``str`` renders it for the user's shell: it
quotes every value, and adds ``--subscription`` where the active subscription isn't the default.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from string import Formatter
from typing import Any

from knack.events import EVENT_INVOKER_POST_PARSE_ARGS
from knack.util import CLIError

#: Commands that don't belong to one subscription.
_WITHOUT_SUBSCRIPTION = frozenset({"account", "cloud", "config", "login"})
_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
#: PowerShell splits at commas, and cmd.exe expands variables between percent signs.
_BARE_ON_WINDOWS = re.compile(r"[\w+=:./-]+", re.ASCII)
#: Such words are read the same between double quotes, which are easier to read in a sentence.
_DOUBLE_QUOTABLE = re.compile(r"[\w@%+=:,./ ()\[\]{}*?&|;<>#~^'-]+", re.ASCII)
_PLAIN_WORDS = re.compile(r"[\w+=:,./ -]+", re.ASCII)


def _posix(word: str) -> str:
    if _BARE.fullmatch(word):
        return word
    return f'"{word}"' if _DOUBLE_QUOTABLE.fullmatch(word) else shlex.quote(word)


def _powershell(word: str) -> str:
    if _BARE_ON_WINDOWS.fullmatch(word):
        return word
    if _PLAIN_WORDS.fullmatch(word):
        return f'"{word}"'
    # The inner quotes are for cmd.exe: az is a batch file, and a & in its arguments is run.
    inner = word.replace('"', '\\"').replace("'", "''")
    return f"'\"{inner}\"'"


def _cmd(word: str) -> str:
    if _BARE_ON_WINDOWS.fullmatch(word):
        return word
    inner = word.replace('"', '""').replace("%", '"^%"')
    return f'"{inner}"'


class Shell(Enum):
    """A shell that the user types commands into."""

    POSIX = "posix"
    POWERSHELL = "powershell"
    CMD = "cmd"

    def quote(self, word: str) -> str:
        """Return the text that this shell reads as one word."""
        return _QUOTES[self](word)

    def comment(self, text: str) -> str:
        """Return a comment."""
        return f"rem {text}" if self is Shell.CMD else f"# {text}"


_QUOTES: Mapping[Shell, Callable[[str], str]] = {
    Shell.POSIX: _posix,
    Shell.POWERSHELL: _powershell,
    Shell.CMD: _cmd,
}
_SHELLS_OF_WINDOWS = {
    "powershell.exe": Shell.POWERSHELL,
    "pwsh.exe": Shell.POWERSHELL,
    "cmd.exe": Shell.CMD,
}


@dataclass
class Terminal:
    """The user's terminal: its shell, and the subscription to name in commands.

    There is one for the process: a validator and a worker thread have no CLI object.
    """

    cli_ctx: Any = None
    #: The value of --subscription.
    chosen: str | None = None

    def follow(self, cli_ctx: Any) -> None:
        """Take the subscription of every command of a CLI, before its arguments are validated."""
        cli_ctx.register_event(EVENT_INVOKER_POST_PARSE_ARGS, self._take)

    def _take(self, cli_ctx: Any, args: Any, **_: Any) -> None:
        self.cli_ctx, self.chosen = cli_ctx, getattr(args, "_subscription", None)

    @property
    def shell(self) -> Shell:
        """The user's shell; Git Bash on Windows is a POSIX shell, and so is pwsh elsewhere."""
        if os.name != "nt":
            return Shell.POSIX
        # Deferred: only Windows has shells of several kinds, and it loads psutil.
        from azure.cli.core.util import get_parent_proc_name

        return _SHELLS_OF_WINDOWS.get((get_parent_proc_name() or "cmd.exe").lower(), Shell.POSIX)

    @property
    def subscription(self) -> str | None:
        """The active subscription, unless az uses it without ``--subscription``."""
        if not self.chosen:
            return None
        # Deferred: help and completion don't need the profile.
        from azure.cli.core._profile import Profile

        try:
            default = Profile(cli_ctx=self.cli_ctx).get_subscription_id()
        except CLIError:  # nobody is logged in, or no subscription is the default one
            return self.chosen
        return None if self.chosen.lower() == default.lower() else self.chosen


TERMINAL = Terminal()


@dataclass(frozen=True)
class Output:
    """A word of a command: the output of another one.

    ``source`` is a command, or a pipeline that only a POSIX shell understands. ``name`` stands for
    the output where it's stored, and in capitals where the user has to insert it. With a ``prefix``
    it's always stored first: if the source fails, nothing is done with the prefix alone.
    """

    source: Command | str
    name: str
    prefix: str = ""

    def rendered(self, shell: Shell) -> tuple[str | None, str]:
        """Return the line that comes first, if there is one, and the word."""
        by_user = shell.quote(f"{self.prefix}{self.name.upper()}")
        if isinstance(self.source, str) and shell is not Shell.POSIX:
            return None, by_user
        source = self.source if isinstance(self.source, str) else self.source.line(shell)
        if shell is Shell.CMD:
            return source, by_user
        if shell is Shell.POWERSHELL:
            return f"${self.name} = {source}", f'"""{self.prefix}${self.name}"""'
        if self.prefix:
            return f"{self.name}=$({source})", f'"{self.prefix}${self.name}"'
        return None, f"$({source})"

    def filled(self, facts: Mapping[str, str]) -> Output:
        """Return the same with every fact filled in."""
        if isinstance(self.source, str):
            return self
        return replace(self, source=self.source.filled(facts))


Word = str | Output
Value = Word | Iterable[str] | bool


@dataclass(frozen=True)
class Command:
    """A command of az, as words that aren't quoted yet; ``{fact}`` in a word can be filled in."""

    words: tuple[Word, ...]
    #: Whether it's to be run in another subscription than the active one.
    is_elsewhere: bool = False

    def __str__(self) -> str:
        return self.line(TERMINAL.shell)

    def line(self, shell: Shell) -> str:
        """Return the command for a shell: one line if the shell can insert another's output."""
        first, words = [], ["az"]
        for word in self.words:
            if isinstance(word, Output):
                step, text = word.rendered(shell)
                first += [step] if step else []
            else:
                text = shell.quote(word)
            words.append(text)
        subscription = TERMINAL.subscription if self._is_of_subscription else None
        if subscription:
            words += ["--subscription", shell.quote(subscription)]
        return (" && " if shell is Shell.POSIX else "\n").join([*first, " ".join(words)])

    @property
    def _is_of_subscription(self) -> bool:
        return not self.is_elsewhere and self.words[0] not in _WITHOUT_SUBSCRIPTION

    @property
    def facts(self) -> frozenset[str]:
        """Names of the facts to fill in."""
        sources = (word.source for word in self.words if isinstance(word, Output))
        return _facts_of(self.words).union(
            *(source.facts for source in sources if isinstance(source, Command))
        )

    def filled(self, facts: Mapping[str, str]) -> Command:
        """Return the command with every fact filled in; each value stays a part of one word.

        A fact can be in another subscription than the active one: ``account-subscription`` is
        that of the command's ``account``.
        """
        filled = replace(self, words=tuple(_filled(word, facts) for word in self.words))
        names = (f"{name}-subscription" for name in _facts_of(self.words))
        elsewhere = next((facts[name] for name in names if name in facts), None)
        return filled.in_subscription(elsewhere) if elsewhere else filled

    def in_subscription(self, subscription: str) -> Command:
        """Return the command for another subscription than the active one."""
        return replace(self.adding(subscription=subscription), is_elsewhere=True)

    def adding(self, **options: Value) -> Command:
        """Return the command with further options."""
        return replace(self, words=(*self.words, *_options(options)))


def az(command: str, *words: Word, **options: Value) -> Command:
    """Build a command: ``az("acr show", name="myregistry", output="tsv")``.

    ``words`` come before the options, as they are; an option with True is a flag, and one with
    several values takes them all.
    """
    return Command((*command.split(), *words, *_options(options)))


def comment(text: str) -> str:
    """Return a comment for the user's shell."""
    return TERMINAL.shell.comment(text)


def _facts_of(words: Iterable[Word]) -> frozenset[str]:
    """Return the facts in words, but not those in commands whose output is a word."""
    texts = (word for word in words if isinstance(word, str))
    return frozenset(name for text in texts for _, name, *_ in Formatter().parse(text) if name)


def _filled(word: Word, facts: Mapping[str, str]) -> Word:
    return word.filled(facts) if isinstance(word, Output) else word.format_map(facts)


def _options(options: Mapping[str, Value]) -> Iterator[Word]:
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, str) and value.startswith("-"):  # or it would be another option
            yield f"{option}={value}"
            continue
        yield option
        if isinstance(value, str | Output):
            yield value
        elif not isinstance(value, bool):
            yield from value
