"""Visitors: each has networks of their own, and nobody sees another's."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inkgrad.fast import available_threads
from inkgrad.saving import one_line
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.playground_settings import DEFAULTS
from inkgrad.web.right_of_way import RightOfWay
from inkgrad.web.trainer import Trainer
from inkgrad.web.visitor_networks import Library, Networks


class Busy(Exception):
    """There is no room for another visitor (`is_full`), or one asks too much too fast; later there may be."""

    def __init__(self, message: str, is_full: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full


class Stranger(Exception):
    """A token that is not, or no more, known."""


def as_error(error: Exception) -> dict[str, str]:
    """Return a refusal as the page has it: a code to act on, and a line for people."""
    if isinstance(error, Stranger):
        code = "stranger"
    elif isinstance(error, Busy):
        code = "full" if error.is_full else "busy"
    else:
        code = "refused"
    return {"code": code, "error": one_line(error, SHOWN.n_letters_of_error)}


@dataclass
class Bucket:
    """Lets through so many a second, and some at once."""

    a_second: float
    at_once: float
    left: float = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.since = self.at_once, time.monotonic()

    def take(self, n: int = 1) -> bool:
        """Return whether so many more may pass."""
        now = time.monotonic()
        self.left = min(self.at_once, self.left + (now - self.since) * self.a_second)
        self.since = now
        if self.left < n:
            return False
        self.left -= n
        return True


class Visitor:
    """One visitor: two trainings, and the networks that look at drawings."""

    def __init__(self, library: Library, threads: Callable[[], int], way: RightOfWay) -> None:
        self.token = secrets.token_urlsafe(24)
        self.library = library
        self.bucket = Bucket(LIMITS.requests_a_second, LIMITS.requests_at_once)
        self.n_sockets, self.seen = 0, time.monotonic()
        self.check_progress = ""  # the sentence that a check told last
        self.way = RightOfWay(way)
        self.trainers = {
            which: Trainer(settings, library.digits, threads, self.way) for which, settings in DEFAULTS.items()
        }
        self.networks = Networks(library, self.trainers["digits"])

    def tell_of_check(self, sentence: str) -> None:
        """Keep what a check tells of how far it is; "" once it has ended."""
        self.check_progress = sentence

    def close(self) -> None:
        """End what works for this visitor."""
        for trainer in self.trainers.values():
            trainer.close()


class Visitors:
    """All who are here, by their token."""

    def __init__(self, library: Library, most: int = LIMITS.n_visitors, grace: float = LIMITS.away_seconds) -> None:
        self.library, self.most, self.grace = library, most, grace
        self._here: dict[str, Visitor] = {}
        self._door = Bucket(5.0, most)
        self._counting = threading.Lock()
        self.way = RightOfWay()

    def __len__(self) -> int:
        return len(self._here)

    def enter(self, token: str | None) -> tuple[Visitor, bool]:
        """Return the visitor with this token, or a new one, and whether they were here before.

        Raises Busy when there are too many.
        """
        if token is not None and token in self._here:
            return self.find(token), True
        is_full = len(self._here) >= self.most
        self.clean(LIMITS.away_seconds_when_full if is_full else LIMITS.away_seconds)
        with self._counting:
            if len(self._here) >= self.most or not self._door.take():
                raise Busy(f"there are {len(self._here)} visitors, and this machine can serve {self.most}", True)
            visitor = Visitor(self.library, self._threads, self.way)
            self._here[visitor.token] = visitor
        return visitor, False

    def find(self, token: str | None, n_requests: int = 1) -> Visitor:
        """Return the visitor with this token, who asks something, as much as so many requests.

        Raises Stranger for a token that is not, or no more, known; Busy when they ask too much.
        """
        visitor = self._here.get(token or "")
        if visitor is None:
            raise Stranger("this visit is over: reload the page")
        visitor.seen = time.monotonic()
        if not visitor.bucket.take(n_requests):
            raise Busy("too many requests: wait a moment")
        return visitor

    def clean(self, grace: float = LIMITS.away_seconds) -> None:
        """Forget who went away, that many seconds ago."""
        now = time.monotonic()
        for token, visitor in list(self._here.items()):
            if visitor.n_sockets == 0 and now - visitor.seen > min(grace, self.grace):
                self._here.pop(token, None)  # another thread may have been faster
                visitor.close()

    def stop(self) -> None:
        """Tell all that works to end."""
        for visitor in tuple(self._here.values()):
            visitor.close()

    def close(self) -> None:
        """Send all away, and give their trainings a moment to end."""
        self.stop()
        end = time.monotonic() + LIMITS.seconds_to_join
        for visitor in tuple(self._here.values()):
            for trainer in visitor.trainers.values():
                trainer.join(max(0.0, end - time.monotonic()))
        self._here.clear()

    def _threads(self) -> int:
        """Return how many threads a training may take: what is left when all that run share them."""
        running = sum(
            trainer.running for visitor in tuple(self._here.values()) for trainer in visitor.trainers.values()
        )
        return max(1, available_threads() // max(running, 1))

    async def clean_for_ever(self) -> None:
        """Clean now and then."""
        while True:
            await asyncio.sleep(min(10.0, self.grace))
            self.clean()
