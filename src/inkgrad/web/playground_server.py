"""The server that the playground runs on, from the first connection to a quick end."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import uvicorn

from inkgrad.errors import SettingError
from inkgrad.web.app import make_app
from inkgrad.web.connection import Connection
from inkgrad.web.limits import LIMITS
from inkgrad.web.visitor_networks import Library
from inkgrad.web.visitors import Visitors
from inkgrad.whole_numbers import shown_whole


class PlaygroundServer(uvicorn.Server):
    """Uvicorn's server, which lets new connections in a few at a time, so that they hold up nobody who is there.

    And at the end it ends what is worked on before it waits for the connections that wait for that, and hangs up on who
    does not take what was answered.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LIMITS.unsent_bytes)  # of those that it lets in
            listener.listen(socket.SOMAXCONN)  # asyncio listens for no more than it lets in at a time: others would
            # be turned away, where they can wait

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.end()  # type: ignore[union-attr]  # it is Starlette's
        asyncio.get_running_loop().call_later(LIMITS.seconds_to_answer_at_end, self._hang_up)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Iterable[str] = (),
    *,
    visitors: int = LIMITS.n_visitors,
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
        raise SettingError(f"visitors must be at least 1, got {shown_whole(visitors)}")
    listener = listen(host, port)
    share_arenas()
    own, own_port = listener.getsockname()[:2]  # what `host` comes to: 127.0.0.1 for 127.1, or for a name
    address = f"http://[{own}]:{own_port}" if ":" in own else f"http://{own}:{own_port}"
    config = uvicorn.Config(
        make_app(names, Visitors(Library(), visitors)),
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=LIMITS.socket_message_bytes,
        http=Connection,
        backlog=LIMITS.n_connections_at_once,
        timeout_graceful_shutdown=LIMITS.seconds_to_answer_at_end + 1,  # all have been hung up on by then
        server_header=False,
    )
    if ready:
        ready(address)
    with _hangup_as_term():
        PlaygroundServer(config).run(sockets=[listener])


def share_arenas() -> None:
    """Let all threads of the process have their memory from two arenas, where the C library is glibc.

    It has eight for each core, and what is freed in one serves the threads of no other: those of a server, which come
    and go, take more and more, though they need no more (https://man7.org/linux/man-pages/man3/mallopt.3.html).
    """
    arena_max = -8  # M_ARENA_MAX of malloc.h
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option:
        set_option(arena_max, LIMITS.n_arenas)


@contextmanager
def _hangup_as_term() -> Iterator[None]:
    """Take a closed terminal for a polite kill, but where the process shall outlive it, as with nohup."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a taken port is found before anything else."""
    if not 0 <= port <= 65535:
        raise SettingError(f"a port is from 0 to 65535, got {shown_whole(port)}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingError(f"port {port} of {host} is taken: give another `port`", setting="port") from None
        raise SettingError(f"port {port} of {host} cannot be used ({error.strerror})") from None
