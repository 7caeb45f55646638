"""Right of way: trainings stand aside for a moment while somebody waits for a quick answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from inkgrad.web.limits import LIMITS


class RightOfWay:
    """What answers quickly takes it, and what trains gives it.

    One thread of Python runs at a time, and each may go on for 5 milliseconds before it must let another: beside twenty
    trainings an answer of some milliseconds waited for its turn again and again.

    A visitor's own, which their trainings alone give, is besides `all_visitors`' way, which all give.
    """

    def __init__(self, all_visitors: RightOfWay | None = None) -> None:
        self._all_visitors = all_visitors
        self._n, self._counting = 0, threading.Lock()
        self._is_free = threading.Event()
        self._is_free.set()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have it for as long as the block takes, as others may too."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, by: int) -> None:
        with self._counting:
            self._n += by
            if self._n:
                self._is_free.clear()
            else:
                self._is_free.set()

    async def take_when_late(self) -> None:
        """Have it whenever the loop that serves all is late, until cancelled."""
        loop, pause, was_late = asyncio.get_running_loop(), LIMITS.seconds_late, False
        try:
            while True:
                start = loop.time()
                await asyncio.sleep(pause)
                is_late = loop.time() - start > 2 * pause
                self._count(is_late - was_late)
                was_late = is_late
        finally:
            self._count(-was_late)

    @property
    def is_taken(self) -> bool:
        """Whether anybody has it."""
        return self._n > 0

    def give(self) -> bool:
        """Wait until nobody has it, but not for long, as many may ask all the time; return whether nobody has it."""
        is_free_for_all = self._all_visitors is None or self._all_visitors.give()
        return self._is_free.wait(LIMITS.seconds_to_give_way) and is_free_for_all
