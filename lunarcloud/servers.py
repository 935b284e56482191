"""HTTP servers that commands run in a thread; a connection that breaks is nobody's concern."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from lunarcloud.config import settings

_LOGGER = logging.getLogger("lunarcloud.servers")


class Server(ThreadingHTTPServer):
    """A thread for each connection; it ends with the command."""

    daemon_threads = True

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a connection that broke only who looks for faults: browsers go away as they like."""
        _LOGGER.debug("the connection with %s broke", client_address, exc_info=True)
        if settings().debug:
            super().handle_error(request, client_address)


@contextmanager
def running(server: Server, name: str) -> Iterator[int]:
    """Serve while a ``with`` block runs; the port.

    Parameters
    ----------
    server : Server
        Which; closed at the end.
    name : str
        Of its thread.
    """
    threading.Thread(target=server.serve_forever, name=name, daemon=True).start()
    try:
        yield server.port
    finally:
        server.shutdown()
        server.server_close()
