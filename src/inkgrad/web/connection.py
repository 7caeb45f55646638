"""Connection: one of HTTP, which must come to the point, or leave its room to others."""

from __future__ import annotations

import asyncio
import itertools
import select
from typing import Any

from h11 import Request
from starlette.types import Scope
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from inkgrad.web.limits import LIMITS

_HANGUP = getattr(select, "POLLRDHUP", select.POLLHUP)  # Linux alone tells that the other side will say no more


Rooms = dict[object, dict["Connection", None]]  # the open connections of each owner, who waits longest first


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
        self._rooms: Rooms = app_state["rooms"]
        self._since, self._n_unsent = self.loop.time(), 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's is
        super().connection_made(transport)
        self.loop.call_later(LIMITS.seconds_between_looks, self._look)
        self._stay()
        self._make_room()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stay()  # the client has taken most of a slice

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Request) -> None:
        self._is_socket = True
        self.transport.max_size = LIMITS.socket_bytes_at_once  # type: ignore[attr-defined]  # asyncio's, per turn
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        self._stay()
        is_refused = self.cycle.more_body
        n_bytes = int(dict(self.headers).get(b"content-length", LIMITS.file_bytes))
        super().on_response_complete()
        if is_refused and n_bytes > LIMITS.message_bytes:  # else what is left of it is read, and dropped
            self.flow.pause_reading()

    @property
    def owner(self) -> object:
        """Whose connection it is: a visitor's by their token, or an address's."""
        return self.visitor or (self.client and (self.client[0],))

    def belong_to(self, visitor: str) -> None:
        """Be this visitor's from now on."""
        self._leave()
        self.visitor = visitor
        self._stay()

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
            self._leave()  # that of a socket is not told when it is lost
            return
        now, n_unsent = self.loop.time(), self.transport.get_write_buffer_size()
        if not self.is_waiting or n_unsent < self._n_unsent:
            self._stay()
        self._n_unsent = n_unsent
        if now - self._since > LIMITS.silent_seconds or self._is_one_too_many() or self._has_gone():
            self._close()
        else:
            self.loop.call_later(LIMITS.seconds_between_looks, self._look)

    def _is_open(self) -> bool:
        """Whether it is not closed, and nothing of it waits to be sent."""
        return bool(self.transport.get_extra_info("socket").fileno() >= 0)

    def _stay(self) -> None:
        """Wait from now on, as the last one of its owner's."""
        self._leave()
        self._since = self.loop.time()
        if self._is_open():
            self._rooms.setdefault(self.owner, {})[self] = None

    def _leave(self) -> None:
        """Count no more."""
        room = self._rooms.get(self.owner, {})
        room.pop(self, None)
        if not room:
            self._rooms.pop(self.owner, None)

    def _close(self) -> None:
        """Close it at once, whatever waits to be sent."""
        self._leave()
        self.transport.abort()

    def _make_room(self) -> None:
        """Close the one of its owner's that has waited longest, where they are too many."""
        room = self._rooms[self.owner]
        if len(room) > LIMITS.n_strange_connections:
            longest = next((each for each in room if each.is_waiting), next(iter(room)))
            longest._close()

    def _is_one_too_many(self) -> bool:
        """Whether enough of its owner's have waited for less long, but for a second."""
        if not self._has_waited():
            return False
        room = self._rooms.get(self.owner, {})
        later = itertools.takewhile(lambda each: each is not self, reversed(room))
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
        connection.belong_to(token)
