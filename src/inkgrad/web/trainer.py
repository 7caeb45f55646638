"""Trainer: one training of a visitor, in a thread of its own, that can be steered while it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from inkgrad.arrays import NDArray
from inkgrad.data import Dataset
from inkgrad.errors import Diverged, InkgradError, Interrupted, SettingError
from inkgrad.fast import Fast
from inkgrad.models import Model
from inkgrad.training import Objective, silent_numpy
from inkgrad.web.hand_work import HandWork
from inkgrad.web.limits import LIMITS
from inkgrad.web.mailbox import Mailbox, Order
from inkgrad.web.playground_settings import PlaygroundSettings
from inkgrad.web.publisher import Publisher
from inkgrad.web.right_of_way import RightOfWay
from inkgrad.web.snapshot import Row, Snapshot
from inkgrad.web.visitor_training import Change, VisitorTraining


class Trainer:
    """Trains in a thread, and says how it goes.

    Its `listeners` are called, from that thread, whenever there is a new state.  `threads` says how many
    threads the fast layers may take just now; what has the right of `way` goes before a step.

    Who asks is told of the last snapshot, which is put in place as a whole ten times a second, and waits for nothing:
    a step with its row may take long.
    """

    def __init__(
        self,
        settings: PlaygroundSettings,
        digits: Dataset,
        threads: Callable[[], int] = lambda: 1,
        way: RightOfWay | None = None,
    ) -> None:
        self._threads = threads
        self.busy = threading.RLock()  # held while theta changes, for a whole step: only `put` waits for it
        self._error: str | None = None
        self._error_lock = threading.Lock()
        self._mailbox = Mailbox(self._turn, lambda: self.running)
        self._training = VisitorTraining(settings, digits, way or RightOfWay(), lambda: self._mailbox.is_closed)
        self._publisher = Publisher(self._training)
        self.listeners = self._publisher.listeners

    # What the page says.

    def change(self, settings: PlaygroundSettings) -> None:
        """Turn knobs; another network or other data start anew."""
        self._have_changed(lambda: self._training.change(settings))

    def reset(self) -> None:
        """Start from the first theta of the same seed."""
        self._have_changed(lambda: self._training.build(self.settings))

    def start(self) -> None:
        """Train until told otherwise."""
        self._mailbox.put(self._training.go)

    def pause(self) -> None:
        """Stop, and go on later."""
        self._mailbox.put(self._training.pause)

    def step(self) -> None:
        """Take one step."""
        self._mailbox.put(self._training.one_step)

    def epoch(self) -> None:
        """Train to the end of this epoch; where that is under way already, to the end of the next."""
        self._mailbox.put(self._training.go_epoch)

    def goto(self, epoch: int) -> None:
        """Train from the start to an epoch, without waiting, and pause there.

        Raises SettingError for an epoch beyond what a link may ask for.
        """
        most = LIMITS.epoch_of_digits if self.settings.is_digits else LIMITS.epoch_of_points
        if not 0 <= epoch <= most:
            raise SettingError(f"a link goes to an epoch from 0 to {most}, got {epoch}")
        self._have_changed(lambda: self._training.go_to(epoch))

    def want_details(self, wanted: bool) -> None:
        """Say whether histograms are looked at."""
        self._mailbox.put(lambda: setattr(self._publisher, "wants_details", wanted))

    def set_weight(self, layer: int, row: int | None, column: int, value: float) -> None:
        """Set a weight by hand, or, without a row, a bias.  Raises SettingError where there is none."""
        HandWork(self.snapshot.objective.network).place(layer, row, column)
        self._have_changed_by_hand(lambda hand, theta: hand.set(theta, layer, row, column, value))

    def turn_unit(self, layer: int, unit: int) -> None:
        """Take a unit of a hidden layer out, or bring it back.  Raises SettingError where there is none."""
        HandWork(self.snapshot.objective.network).place(layer + 1, unit, 0)
        self._have_changed_by_hand(lambda hand, theta: hand.turn(theta, layer, unit))

    def undo(self) -> None:
        """Take back what was last changed by hand."""
        self._have_changed_by_hand(lambda hand, theta: hand.undo(theta))

    def close(self) -> None:
        """End the thread; what is trained is forgotten with this object."""
        self._mailbox.close()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, but no longer than this."""
        self._mailbox.join(seconds)

    def _have_changed(self, change: Order) -> None:
        """Order a change that is published at once: after it nothing goes back to what was before."""

        def order() -> None:
            change()
            self._publisher.publish(self._training, at_once=True)

        self._mailbox.put(order)

    def _have_changed_by_hand(self, change: Change) -> None:
        self._have_changed(lambda: self._training.change_by_hand(change))

    # What others ask.

    @property
    def snapshot(self) -> Snapshot:
        """How it stood when it was published last."""
        return self._publisher.snapshot

    def state(self, generation: int, n_rows: int) -> dict[str, Any]:
        """Return how the training goes, for one who knows so many rows of a generation."""
        now = self.snapshot
        first = generation != now.generation
        return now.state | {
            "rows": now.rows[0 if first else n_rows : now.n_rows],
            "first": first,
            "generation": now.generation,
            **(now.points if first else {}),
        }

    def error(self) -> str | None:
        """Return what went wrong since one asked last."""
        with self._error_lock:
            error, self._error = self._error, None
            return error

    def model(self) -> Model:
        """Return the network as it stands, without the mistake that it may be trained with.

        Raises ShapeError in regression, which has no labels to name its output by.
        """
        now = self.snapshot
        network = replace(now.settings, broken=None).network_and_cost()
        return Model(*network, now.answer, now.dataset.labels, now.settings.input_shape, engine=Fast(1))

    def objective(self) -> tuple[Objective, NDArray]:
        """Return what is trained, with its mistake if it has one, and theta."""
        now = self.snapshot
        return now.objective, now.answer.copy()

    def put(self, theta: NDArray) -> None:
        """Go on from another theta, as after a correction.

        Raises Diverged for one with which the network's outputs are not finite, and SettingError for one of another
        network; it is then not taken.
        """
        with self.busy, silent_numpy():
            before = self._training.put(theta)
            try:
                self._publisher.publish(self._training, at_once=True)  # what is gone back to has it
            except Diverged:
                self._training.run.theta = before
                raise

    @property
    def generation(self) -> int:
        """Of the training that is shown: another one begins when the training does."""
        return self.snapshot.generation

    @property
    def dataset(self) -> Dataset:
        """What it is trained and tested on."""
        return self.snapshot.dataset

    @property
    def settings(self) -> PlaygroundSettings:
        """Its knobs."""
        return self._training.settings

    @property
    def rows(self) -> list[Row]:
        """Its curve."""
        return self._training.rows

    @property
    def running(self) -> bool:
        """Whether it goes on by itself."""
        return self._training.running

    @property
    def is_up_to_date(self) -> bool:
        """Whether all that was asked is done."""
        return self._mailbox.is_empty

    # The thread.

    def _turn(self, orders: Sequence[Order]) -> float:
        """Do what is wanted, train a while, publish; return for how many seconds to rest."""
        training, publisher = self._training, self._publisher
        with self.busy, silent_numpy():
            try:
                for do in orders:
                    do()
                if training.running:
                    training.train_a_while(self._threads())
                publisher.publish(training, at_once=bool(orders) or not training.running)
            except Interrupted:
                raise
            except (InkgradError, MemoryError) as error:
                training.go_back(publisher.snapshot)
                with self._error_lock:
                    self._error = str(error) or "the memory is full: take smaller layers or batches"
                publisher.publish(training, at_once=True)
        return training.rest()
