"""Loopback ports, which stay the same for one state directory."""

import errno
import logging
import socket
from collections.abc import Mapping

from acr_emulator.bundled.child_process import StartError
from acr_emulator.state.store import Store

_LOOPBACK = "127.0.0.1"
_ANY = 0
_logger = logging.getLogger(__name__)


class PortError(StartError):
    """A port can't be listened on."""


def listen(port: int = _ANY) -> socket.socket:
    """Listen on a port, a free one by default. Raises PortError."""
    # The protocol is named because asyncio turns Nagle's algorithm off (40 ms an answer) only for
    # sockets that are known to be TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Connections of the emulator before may still be closing.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
        listener.listen(socket.SOMAXCONN)  # from here on nobody is refused
    except OSError as error:
        listener.close()
        is_taken = error.errno == errno.EADDRINUSE
        reason = "is already in use" if is_taken else f"can't be used: {error.strerror}"
        raise PortError(f"Port {port} {reason}.") from error
    return listener


class Ports:
    """The ports by which clients know an emulator, each under the name of its server."""

    def __init__(self, store: Store, requested: Mapping[str, int]) -> None:
        self._kept = store.table("port")
        self._requested = requested

    def listen(self, name: str) -> socket.socket:
        """Listen on the requested port, or else on the last one if it is free.

        Raises PortError if the requested port isn't free.
        """
        if requested := self._requested.get(name):
            listener = listen(requested)
        else:
            listener = self._listen_as_before(name)
        self._kept.put(name, _number(listener))
        return listener

    def _listen_as_before(self, name: str) -> socket.socket:
        try:
            return listen(self._kept.get(name) or _ANY)
        except PortError as error:
            listener = listen()
            _logger.warning("%s The %s listens on port %d.", error, name, _number(listener))
            return listener


def _number(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
