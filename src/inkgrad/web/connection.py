"""Connection: one of HTTP, which must come to the point, or leave its room to others."""

from __future__ import annotations

import asyncio
import select
from typing import Any

from h11 import Request
from starlette.types import Scope
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from inkgrad.web.limits import LIMITS

_HANGUP = getattr(select, "POLLRDHUP", select.POLLHUP)  # Linux alone tells that the other side will say no more


class Connection(H11Protocol):
    """A connection of uvicorn's that is closed when it waits too long for a request, or is one of too many that wait.

    It waits when it was asked nothing, or half of something, or when nobody takes the answer.  It is its visitor's,
    once one is known, and its address's before.  After 10 seconds it is closed.  Of those that have waited for a
    second, 8 of an owner stay, the last ones: there is always room for one more, whoever has filled it, and a visitor's
    room is not filled by others.  What asks as soon as it is connected, and takes what comes, as browsers do, is not
    counted.  But of those of an address that are no visitor's 240 are open at a time, however fast they come: for one
    more, the one that has waited longest is closed.

    What is refused before its large body has come is not read on: the client hears why, and some seconds later the
    connection is closed.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state | {"connection": self}, _loop)
        self.visitor: str | None = None
        self.lost = asyncio.Event()
        self._is_socket = False
        self._since, self._n_unsent = self.loop.time(), 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's is
        super().connection_made(transport)
        self.loop.call_later(LIMITS.seconds_between_looks, self._look)
        self._make_room()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._since = self.loop.time()  # the client has taken most of a slice

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Request) -> None:
        self._is_socket = True
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        self._since, is_refused = self.loop.time(), self.cycle.more_body
        n_bytes = int(dict(self.headers).get(b"content-length", LIMITS.file_bytes))
        super().on_response_complete()
        if is_refused and n_bytes > LIMITS.message_bytes:  # else what is left of it is read, and dropped
            self.flow.pause_reading()

    @property
    def owner(self) -> object:
        """Whose connection it is: a visitor's by their token, or an address's."""
        return self.visitor or (self.client and (self.client[0],))

    @property
    def is_waiting(self) -> bool:
        """Whether the client should do something next."""
        if self.transport.is_closing() or self.flow.write_paused:
            return True
        if self._is_socket:
            return self.visitor is None
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.cycle.more_body and self.visitor is None  # a visitor's is waited for where it is read

    def _look(self) -> None:
        """Close it where it has waited too long, and look again in a second where not."""
        if not self._is_open():
            return
        now, n_unsent = self.loop.time(), self.transport.get_write_buffer_size()
        if not self.is_waiting or n_unsent < self._n_unsent:
            self._since = now
        self._n_unsent = n_unsent
        if now - self._since > LIMITS.silent_seconds or self._is_one_too_many() or self._has_gone():
            self.transport.abort()
        else:
            self.loop.call_later(LIMITS.seconds_between_looks, self._look)

    def _is_open(self) -> bool:
        """Whether it is not closed; that of a socket is under another protocol's name."""
        if not self._is_socket:
            return self in self.connections
        return any(each.app_state["connection"] is self for each in self.connections)

    def _make_room(self) -> None:
        """Close the one of its owner's that has waited longest, where they are too many."""
        open_ = [each for each in self._of_owner() if not each.transport.is_closing()]
        if len(open_) > LIMITS.n_strange_connections:
            min(open_, key=lambda each: (not each.is_waiting, each._since)).transport.abort()

    def _of_owner(self) -> list[Connection]:
        """Return all connections whose owner is the same."""
        all_ = (each.app_state["connection"] for each in self.connections)
        return [each for each in all_ if each.owner == self.owner]

    def _is_one_too_many(self) -> bool:
        """Whether enough of its owner's have waited for less long, but for a second."""
        if not self._has_waited():
            return False
        later = [each for each in self._of_owner() if each._since > self._since]
        return sum(each._has_waited() for each in later) >= LIMITS.n_waiting_connections

    def _has_gone(self) -> bool:
        """Whether the client has closed it behind a body that nobody has read so far, where asyncio does not see it."""
        if not self.flow.read_paused:
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), _HANGUP)
        return bool(poll.poll(0))

    def _has_waited(self) -> bool:
        is_long = self.loop.time() - self._since > LIMITS.seconds_between_looks
        return is_long and self.is_waiting and not self.transport.is_closing()


def lost(scope: Scope) -> asyncio.Event:
    """Return what tells that the connection of a request is lost; another server's does not tell."""
    connection: Connection | None = scope.get("state", {}).get("connection")
    return connection.lost if connection else asyncio.Event()


def note_visitor(scope: Scope, token: str) -> None:
    """Say whose the connection of a request is, where the server has ours."""
    connection: Connection | None = scope.get("state", {}).get("connection")
    if connection:
        connection.visitor = token
