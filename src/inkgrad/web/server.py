"""The server: the playground on this machine."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable

import uvicorn

from inkgrad.errors import SettingError
from inkgrad.web.app import make_app
from inkgrad.web.visitors import MOST_VISITORS, Library, Visitors

MOST_MESSAGE = 1_000_000  # bytes of a message of the socket


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Iterable[str] = (),
    *,
    visitors: int = MOST_VISITORS,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the playground until interrupted.

    `host` is the address to listen at, this machine alone unless told otherwise; `names` are those
    by which the page may be called besides localhost and addresses; `visitors` may be here at a
    time, each with networks of their own, and more wait at the door.  `ready`, if given, is called
    with the page's address once it listens.

    Raises SettingError when the port is taken, the address is none of this machine's, or nobody may come in.
    """
    if visitors < 1:
        raise SettingError(f"visitors must be at least 1, got {visitors}")
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(names, Visitors(Library(), visitors)),
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    if ready:
        ready(address)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a taken port is found before anything else."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OverflowError:
        raise SettingError(f"a port is from 0 to 65535, got {port}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingError(f"port {port} of {host} is taken: give another `port`", setting="port") from None
        raise SettingError(f"port {port} of {host} cannot be used ({error.strerror})") from None
