"""A server that forks `az` commands: each starts with the imports of az behind it.

Run by az's own interpreter, isolated, as az runs it; it must import nothing that az doesn't. It
imports modules that read nothing of the environment, then forks for each client. The child
continues as `python -I -m azure.cli` does: with the arguments, folder, umask, environment, ignored
signals and open files of the client, in a separate process group.
"""

from __future__ import annotations

import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_CHUNK = 65_536
#: Names that an import may read. Clients have the server's values of most. knack keeps HOME as a
#: default, which az replaces; the others are settings of documentation and completion.
_HARMLESS = frozenset(
    {
        *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LANGUAGE", "TEMP", "TMP", "TMPDIR"),
        *("HOME", "SPHINX_BUILD", "_ARC_DEBUG", "_ARGCOMPLETE_SUPPRESS_SPACE"),
    }
)


@contextmanager
def no_environment() -> Iterator[set[str]]:
    """Have an environment of harmless names only, and collect the names that are read."""
    names: set[str] = set()
    kind: Any = type(os.environ)
    get_item = kind.__getitem__
    before = dict(os.environ)

    def recorded(self: Any, name: str) -> str:
        names.add(name)
        return str(get_item(self, name))

    for name in before.keys() - _HARMLESS:
        del os.environ[name]
    kind.__getitem__ = recorded
    try:
        yield names
    finally:
        kind.__getitem__ = get_item
        os.environ.update(before)


def preload(modules: list[str]) -> None:
    """Import modules; one that reads the environment would hold what it read for every child."""
    for module in modules:
        with no_environment() as names:
            importlib.import_module(module)
        if names - _HARMLESS:
            sys.exit(f"{module} reads {sorted(names)} while it is imported: it can't be preloaded.")


class Server:
    """Forks a child for each client, and reports to it how the child ended."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        os.chdir(os.path.dirname(path))  # the path of a socket must be short
        self._listener.bind(os.path.basename(path))
        self._listener.listen(64)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._ended, ended = socket.socketpair()
        ended.setblocking(False)
        self._selector.register(self._ended, selectors.EVENT_READ)
        self._wakeup = ended
        signal.set_wakeup_fd(ended.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._clients: dict[int, socket.socket] = {}

    def serve(self) -> dict[str, Any]:
        """Serve clients; returns only in a child, with what its client requests."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    request = self._accept()
                    if request is not None:
                        return request
                elif key.fileobj is self._ended:
                    self._ended.recv(_CHUNK)
                    self._report()
                else:
                    self._abandoned(key.data)

    def _accept(self) -> dict[str, Any] | None:
        client, _ = self._listener.accept()
        head, files, _, _ = socket.recv_fds(client, 4, 3)
        body = client.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        pid = os.fork()
        if pid == 0:
            request: dict[str, Any] = marshal.loads(body)
            client.close()
            self._become_child(files)
            return request
        for file in files:
            os.close(file)
        os.setpgid(pid, pid)  # also in the child: whichever is first
        client.sendall(pid.to_bytes(4, "big"))
        self._clients[pid] = client
        self._selector.register(client, selectors.EVENT_READ, pid)
        return None

    def _become_child(self, files: list[int]) -> None:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for other in (self._listener, self._ended, self._wakeup, *self._clients.values()):
            other.close()
        for target, file in enumerate(files):
            os.dup2(file, target)
            os.close(file)

    def _report(self) -> None:
        with suppress(ChildProcessError):
            while (end := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = end
                if client := self._clients.pop(pid, None):
                    self._selector.unregister(client)
                    with suppress(OSError):
                        client.sendall(status.to_bytes(4, "big"))
                    client.close()

    def _abandoned(self, pid: int) -> None:
        """Kill the child of a client that was killed."""
        if client := self._clients.pop(pid, None):
            self._selector.unregister(client)
            client.close()
            os.killpg(pid, signal.SIGKILL)


def become(request: dict[str, Any]) -> None:
    """Be the process that the client would be."""
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environb.update(request["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    # Modules keep sys.stdout as they found it, so it stays the same object.
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    sys.argv[:] = ["az", *request["arguments"]]


def main(path: str, *modules: str) -> None:
    """Serve at a path, after modules are imported."""
    preload(list(modules))
    gc.collect()
    gc.freeze()
    server = Server(path)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    become(server.serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
    # Here, so that Python ends a child as it ends az: by its exit code, its traceback or a signal.
    runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)
