"""A process that has its command run by the fork server at a Unix socket, and ends as that ends.

Half of its time would be the imports of `json`, `os`, `signal` and `socket`; what they build on is
in the interpreter.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import _socket as socket
import marshal
import posix
import sys

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_FILES = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))


def run(path: str, *arguments: str) -> int:
    """Have a command run; returns its status as `os.waitpid` does."""
    ignored = [number for number in _FORWARDED if signal.getsignal(number) == signal.SIG_IGN]
    # Python's own handler would end this process and leave the command alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    umask = posix.umask(0)
    body = marshal.dumps(
        {
            "arguments": arguments,
            "environment": posix.environ,
            "folder": posix.getcwd(),
            "ignored": ignored,
            "umask": umask,
        }
    )
    folder, _, name = path.rpartition("/")
    server = socket.socket(socket.AF_UNIX)
    posix.chdir(folder)  # the path of a socket must be short
    server.connect(name)
    files = (socket.SOL_SOCKET, socket.SCM_RIGHTS, _FILES)
    server.sendmsg([len(body).to_bytes(4, "big")], [files])
    server.sendall(body)
    group = _number(server)
    for number in set(_FORWARDED).difference(ignored):
        signal.signal(number, lambda number, _: posix.killpg(group, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    return _number(server)


def _number(server: socket.socket) -> int:
    answer = server.recv(4, socket.MSG_WAITALL)
    if not answer:
        sys.exit("The fork server has ended.")
    return int.from_bytes(answer, "big")


def end(status: int) -> None:
    """End with an exit code or by a signal."""
    if posix.WIFSIGNALED(status):
        signal.signal(posix.WTERMSIG(status), signal.SIG_DFL)
        posix.kill(posix.getpid(), posix.WTERMSIG(status))
    posix._exit(posix.WEXITSTATUS(status))


if __name__ == "__main__":
    end(run(*sys.argv[1:]))
