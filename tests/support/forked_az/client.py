"""A process that has its command run by the fork server at a Unix socket, and ends as that ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def run(path: str, *arguments: str) -> int:
    """Have a command run; returns its status as `os.waitpid` does."""
    ignored = [number for number in _FORWARDED if signal.getsignal(number) == signal.SIG_IGN]
    # Python's own handler would end this process and leave the command alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    umask = os.umask(0)
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "ignored": ignored,
        "umask": umask,
    }
    body = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(os.path.dirname(path))  # the path of a socket must be short
        server.connect(os.path.basename(path))
        socket.send_fds(server, [len(body).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(body)
        group = _number(server)
        for number in set(_FORWARDED).difference(ignored):
            signal.signal(number, lambda number, _: os.killpg(group, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        return _number(server)


def _number(server: socket.socket) -> int:
    answer = server.recv(4, socket.MSG_WAITALL)
    if not answer:
        sys.exit("The fork server has ended.")
    return int.from_bytes(answer, "big")


def end(status: int) -> None:
    """End with an exit code or by a signal."""
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    end(run(*sys.argv[1:]))
