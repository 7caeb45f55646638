"""FairQueue: whose heavy request is answered next, so that nobody keeps the others waiting for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from inkgrad.web.limits import LIMITS
from inkgrad.web.visitors import Busy

T = TypeVar("T")


@dataclass
class Standing:
    """The requests of one visitor: how many are open, and how many of those are heavy, of which one has the turn."""

    n_open: int = 0
    n_heavy: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class FairQueue:
    """Gives each visitor one heavy request at a time, and the places for those to the visitors in turns.

    n_places   heavy requests that are worked on at a time, of all visitors
    n_waiting  heavy requests of a visitor that wait until the one before is answered; more are refused
    n_open     requests of a visitor at a time, heavy or not; more are refused
    n_light    requests that are not heavy, and are worked on at a time, of all visitors

    A request that is heavy is a `turn` of its visitor from before its body is read, and in it `run` waits for a
    place, first come, first served.  As each visitor stands there once at most, the places go round among them
    (fair queuing: Nagle 1985, https://www.rfc-editor.org/rfc/rfc970): who asks twenty things at once has no
    more of the machine than who asks one.

    All work is done in threads that the end of the process does not wait for, and a thread that nobody waits for any
    more keeps its place, and is a request of its visitor, until it has come to its end.
    """

    def __init__(
        self,
        n_places: int = LIMITS.n_heavy_requests,
        n_waiting: int = LIMITS.n_waiting_requests,
        n_open: int = LIMITS.n_open_requests,
        n_light: int = LIMITS.n_light_requests,
    ) -> None:
        self.n_waiting, self.n_open = n_waiting, n_open
        self._places, self._light_places = asyncio.Semaphore(n_places), asyncio.Semaphore(n_light)
        self._standing: dict[Hashable, Standing] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    @asynccontextmanager
    async def request(self, visitor: Hashable) -> AsyncIterator[None]:
        """Be round a request of a visitor, heavy or not.

        Raises Busy when too many of theirs are open, and when the queue is closed meanwhile.
        """
        its = self._standing.setdefault(visitor, Standing())
        if its.n_open >= self.n_open:
            raise Busy(f"{its.n_open} requests of yours are not answered yet: wait until one is")
        task = asyncio.current_task()
        assert task
        its.n_open += 1
        self._tasks.add(task)
        try:
            if self._is_closed:
                raise _closing()
            yield
        except asyncio.CancelledError:
            if not self._is_closed:
                raise
            task.uncancel()
            raise _closing() from None
        finally:
            self._tasks.discard(task)
            its.n_open -= 1
            if its.n_open == 0:
                del self._standing[visitor]

    @asynccontextmanager
    async def turn(self, visitor: Hashable) -> AsyncIterator[None]:
        """Be round a heavy request, inside `request`, from before its body is read.

        Raises Busy when too many of the visitor's wait already.
        """
        its = self._standing[visitor]
        if its.n_heavy > self.n_waiting:
            raise Busy(f"{its.n_heavy} things that take long are asked already: wait until one is done")
        its.n_heavy += 1
        try:
            async with its.turn:
                yield
        finally:
            its.n_heavy -= 1

    async def run(self, work: Callable[[], T], stop: threading.Event) -> T:
        """Return what heavy work gives, which is done in a thread when a place is free.

        When this is cancelled `stop` is set, and the place is given up when the thread has come to its end.
        """
        return await self._run(self._places, work, stop)

    async def run_light(self, work: Callable[[], T]) -> T:
        """Return what work gives that does not take long."""
        return await self._run(self._light_places, work, threading.Event())

    async def _run(self, places: asyncio.Semaphore, work: Callable[[], T], stop: threading.Event) -> T:
        async with places:
            job = asyncio.ensure_future(asyncio.wrap_future(_started(work)))
            try:
                return await asyncio.shield(job)
            except asyncio.CancelledError:
                stop.set()
                try:
                    if not self._is_closed:
                        await asyncio.wait([job])
                finally:
                    job.cancel()  # where its thread goes on it has nobody to tell
                raise

    def close(self) -> None:
        """End all requests, those that wait and those that are worked on, and wait for no thread."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()


def _closing() -> Busy:
    return Busy("the playground is closing: come back when it is open again", True)


def _started(work: Callable[[], T]) -> Future[T]:
    """Begin work in a thread that the end of the process does not wait for; return what will hold its result."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # what has begun cannot be taken back

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=do, name="request", daemon=True).start()
    return future
