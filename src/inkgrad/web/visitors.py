"""Visitors: each has networks of their own, and nobody sees another's."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from inkgrad.arrays import Array
from inkgrad.data import Dataset, mnist
from inkgrad.errors import SettingError
from inkgrad.fast import Fast, available_threads
from inkgrad.models import Model, load
from inkgrad.reader import Reader
from inkgrad.web.correcting import corrected
from inkgrad.web.playground_settings import DEFAULTS
from inkgrad.web.trainer import Trainer

MOST_VISITORS = 40
GRACE = 120.0  # seconds a visitor may be away, as in a reload, before all is forgotten
CROWDED_GRACE = 60.0  # where others wait to come in; an open page says every 40 seconds that it is there
MOST_SOCKETS = 4  # of a visitor
MOST_UNDO = 20
A_SECOND, AT_ONCE = 100.0, 200.0  # requests of a visitor
NETWORKS = ("cnn", "trained", "loaded")


class Busy(Exception):
    """There is no room for another visitor (`is_full`), or one asks too much too fast."""

    def __init__(self, message: str, is_full: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full


class Stranger(Exception):
    """A token that is not, or no more, known."""


class Library:
    """What all visitors share and nobody changes: the digits, and the networks that come along."""

    @cached_property
    def digits(self) -> Dataset:
        """MNIST."""
        return mnist()

    @cached_property
    def cnn(self) -> Model:
        """The network that Draw begins with."""
        return replace(load("cnn"), engine=Fast(1))

    @cached_property
    def reader_model(self) -> Model:
        """The network that reads pictures."""
        return replace(load("reader"), engine=Fast(1))

    def reader(self, threshold: float, expect: str | None) -> Reader:
        """Return a reader."""
        return Reader(self.reader_model, threshold=threshold, expect=expect)


@dataclass
class Bucket:
    """Lets through so many a second, and some at once."""

    a_second: float
    at_once: float
    left: float = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.since = self.at_once, time.monotonic()

    def take(self) -> bool:
        """Return whether one more may pass."""
        now = time.monotonic()
        self.left = min(self.at_once, self.left + (now - self.since) * self.a_second)
        self.since = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Visitor:
    """One visitor: two trainings, and networks that were corrected or loaded."""

    def __init__(self, library: Library, threads: Callable[[], int]) -> None:
        self.token = secrets.token_urlsafe(24)
        self.library = library
        self.bucket = Bucket(A_SECOND, AT_ONCE)
        self.n_sockets, self.seen = 0, time.monotonic()
        self.listeners: set[Callable[[], None]] = set()
        self.trainers = {
            which: Trainer(settings, library.digits, self._tell, threads) for which, settings in DEFAULTS.items()
        }
        self._models: dict[str, Model] = {}  # corrected or loaded ones
        self._undo: dict[str, list[Array]] = {name: [] for name in NETWORKS}
        self._undo_of = 0  # the generation of the training that the corrections of "trained" are of
        self._learning = threading.Lock()

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    def model(self, name: str) -> Model:
        """Return a network by its name.

        Raises SettingError where there is none.
        """
        if name == "trained":
            return self.trainers["digits"].model()
        if name == "cnn":
            return self._models.get(name, self.library.cnn)
        if name in self._models:
            return self._models[name]
        raise SettingError("no network is loaded: load a model file first" if name == "loaded" else _unknown(name))

    def put_model(self, model: Model) -> None:
        """Take a network from a file."""
        self._models["loaded"], self._undo["loaded"] = model, []

    def n_undo(self, name: str) -> int:
        """Return how many corrections can be undone."""
        generation = self.trainers["digits"].generation
        if name == "trained" and self._undo_of != generation:  # another network by now
            self._undo[name], self._undo_of = [], generation
        return len(self._undo[name])

    def correct(self, name: str, image: Array, label: int) -> tuple[Model, Model, int]:
        """Let a network learn from an image; return what it was, what it is, and the number of steps."""
        with self._learning:
            before = self.model(name)
            if not 0 <= label < len(before.labels):
                raise SettingError(f"a label is a class from 0 to {len(before.labels) - 1}, got {label}")
            after, steps = corrected(before, image, label, self.library.digits.train, seed=self.n_undo(name))
            self._undo[name] = [*self._undo[name], before.theta][-MOST_UNDO:]
            self._replace(name, after)
            return before, after, steps

    def undo(self, name: str) -> None:
        """Forget the last correction.

        Raises SettingError where there is none.
        """
        with self._learning:
            model = self.model(name)
            if not self.n_undo(name):
                raise SettingError("there is no correction to undo")
            self._replace(name, replace(model, theta=self._undo[name].pop()))

    def _replace(self, name: str, model: Model) -> None:
        if name == "trained":
            self.trainers["digits"].put(model.theta)
        else:
            self._models[name] = model

    def close(self) -> None:
        """End what works for this visitor."""
        for trainer in self.trainers.values():
            trainer.close()


def _unknown(name: str) -> str:
    return f"a network is one of {', '.join(NETWORKS)}, got {name[:40]!r}"


class Visitors:
    """All who are here, by their token."""

    def __init__(self, library: Library, most: int = MOST_VISITORS, grace: float = GRACE) -> None:
        self.library, self.most, self.grace = library, most, grace
        self._here: dict[str, Visitor] = {}
        self._door = Bucket(5.0, most)
        self._counting = threading.Lock()

    def __len__(self) -> int:
        return len(self._here)

    def enter(self, token: str | None) -> tuple[Visitor, bool]:
        """Return the visitor with this token, or a new one, and whether they were here before.

        Raises Busy when there are too many.
        """
        if token is not None and token in self._here:
            return self.find(token), True
        self.clean(CROWDED_GRACE if len(self._here) >= self.most else GRACE)
        with self._counting:
            if len(self._here) >= self.most or not self._door.take():
                raise Busy(f"there are {len(self._here)} visitors, and this machine can serve {self.most}", True)
            visitor = Visitor(self.library, self._threads)
            self._here[visitor.token] = visitor
        return visitor, False

    def find(self, token: str | None) -> Visitor:
        """Return the visitor with this token.

        Raises Stranger for a token that is not, or no more, known; Busy when they ask too much.
        """
        visitor = self._here.get(token or "")
        if visitor is None:
            raise Stranger("this visit is over: reload the page")
        visitor.seen = time.monotonic()
        if not visitor.bucket.take():
            raise Busy("too many requests: wait a moment")
        return visitor

    def clean(self, grace: float = GRACE) -> None:
        """Forget who went away, that many seconds ago."""
        now = time.monotonic()
        for token, visitor in list(self._here.items()):
            if visitor.n_sockets == 0 and now - visitor.seen > min(grace, self.grace):
                self._here.pop(token, None)  # another thread may have been faster
                visitor.close()

    def close(self) -> None:
        """Send all away."""
        for visitor in self._here.values():
            visitor.close()
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
