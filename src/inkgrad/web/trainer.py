"""Trainer: one training of a visitor, in a thread of its own, that can be steered while it goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from inkgrad.data import Dataset, Examples
from inkgrad.errors import Diverged, InkgradError, Interrupted, SettingError
from inkgrad.fast import Fast
from inkgrad.models import Model
from inkgrad.training import Objective, Run, TrainingLoop, evaluate, silent_numpy
from inkgrad.web.hand_work import HandWork, HeldAtZero
from inkgrad.web.hint import hint
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.playground_settings import PlaygroundSettings
from inkgrad.web.right_of_way import RightOfWay
from inkgrad.web.snapshot import Row, Snapshot, boundary, details
from inkgrad.web.wire import as_network


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
        self.listeners: set[Callable[[], None]] = set()
        self._digits, self._threads, self._way = digits, threads, way or RightOfWay()
        self._wanted: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self.busy = threading.RLock()  # held while theta changes, for a whole step: only `put` waits for it
        self._thread: threading.Thread | None = None
        self._closed = False
        self._error: str | None = None
        self.running = False
        self._goal: int | None = None  # the epoch at which to pause
        self._hurried = False
        self._wants_details = False
        self._generation = 0  # of the rows: another one begins when the training does
        self.snapshot: Snapshot  # as it was published last
        self._run: Run
        self._loop: TrainingLoop
        self._dataset: Dataset
        self._quick: Examples
        self._has_test: bool
        self._hand: HandWork
        self.rows: list[Row]
        self._build(settings)

    # What the page says.

    def change(self, settings: PlaygroundSettings) -> None:
        """Turn knobs; another network or other data start anew."""
        self._do(lambda: self._change(settings))

    def reset(self) -> None:
        """Start from the first theta of the same seed."""
        self._do(lambda: self._build(self.settings))

    def start(self) -> None:
        """Train until told otherwise."""
        self._do(lambda: self._go(None))

    def pause(self) -> None:
        """Stop, and go on later."""
        self._do(lambda: setattr(self, "running", False))

    def step(self) -> None:
        """Take one step."""
        self._do(self._one_step)

    def epoch(self) -> None:
        """Train to the end of this epoch; where that is under way already, to the end of the next."""
        self._do(lambda: self._go((self._goal if self.running and self._goal else self._run.epoch) + 1))

    def goto(self, epoch: int) -> None:
        """Train from the start to an epoch, without waiting, and pause there.

        Raises SettingError for an epoch beyond what a link may ask for.
        """
        most = LIMITS.epoch_of_digits if self.settings.is_digits else LIMITS.epoch_of_points
        if not 0 <= epoch <= most:
            raise SettingError(f"a link goes to an epoch from 0 to {most}, got {epoch}")
        self._do(lambda: self._go_to(epoch))

    def want_details(self, wanted: bool) -> None:
        """Say whether histograms are looked at."""
        self._do(lambda: setattr(self, "_wants_details", wanted))

    def set_weight(self, layer: int, row: int | None, column: int, value: float) -> None:
        """Set a weight by hand, or, without a row, a bias.  Raises SettingError where there is none."""
        HandWork(self.snapshot.objective.network).place(layer, row, column)
        self._do(lambda: self._change_by_hand(lambda hand, theta: hand.set(theta, layer, row, column, value)))

    def turn_unit(self, layer: int, unit: int) -> None:
        """Take a unit of a hidden layer out, or bring it back.  Raises SettingError where there is none."""
        HandWork(self.snapshot.objective.network).place(layer + 1, unit, 0)
        self._do(lambda: self._change_by_hand(lambda hand, theta: hand.turn(theta, layer, unit)))

    def undo(self) -> None:
        """Take back what was last changed by hand."""
        self._do(lambda: self._change_by_hand(lambda hand, theta: hand.undo(theta)))

    def close(self) -> None:
        """End the thread; what is trained is forgotten with this object."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, but no longer than this."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _do(self, what: Callable[[], None]) -> None:
        with self._changed:
            if self._thread is None:  # a visitor who only draws needs none
                self._thread = threading.Thread(target=self._work, name="training", daemon=True)
                self._thread.start()
            self._wanted.append(what)
            self._changed.notify()

    # What others ask.

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
        with self._changed:
            error, self._error = self._error, None
            return error

    def model(self) -> Model:
        """Return the network as it stands, without the mistake that it may be trained with."""
        now = self.snapshot
        network = replace(now.settings, broken=None).network_and_cost()
        return Model(*network, now.answer, now.dataset.labels, now.settings.input_shape, engine=Fast(1))

    def objective(self) -> tuple[Objective, np.ndarray]:
        """Return what is trained, with its mistake if it has one, and theta."""
        now = self.snapshot
        return now.objective, now.answer.copy()

    @property
    def generation(self) -> int:
        """Of the training that is shown: another one begins when the training does."""
        return self.snapshot.generation

    def put(self, theta: np.ndarray) -> None:
        """Go on from another theta, as after a correction.

        Raises Diverged for one with which the network's outputs are not finite, and SettingError for one of another
        network; it is then not taken.
        """
        with self.busy, silent_numpy():
            if theta.shape != self._run.theta.shape:
                raise SettingError("the network was changed meanwhile: ask it again")
            before, self._run.theta = self._run.theta, theta.astype(self._run.theta.dtype)
            self._loop.restart()
            try:
                self._publish(at_once=True)  # what is gone back to has it
            except Diverged:
                self._run.theta = before
                raise

    @property
    def is_up_to_date(self) -> bool:
        """Whether all that was asked is done."""
        return not self._wanted

    @property
    def dataset(self) -> Dataset:
        """What it is trained and tested on."""
        return self.snapshot.dataset

    # The thread.

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._wanted or self.running or self._closed):
                    self._changed.wait()
                if self._closed:
                    return
                wanted = list(self._wanted)
            with self.busy, silent_numpy():
                try:
                    for do in wanted:
                        do()
                    if self.running:
                        self._train_a_while()
                    self._publish(at_once=bool(wanted) or not self.running)
                except Interrupted:
                    return
                except (InkgradError, MemoryError) as error:
                    self._fail(error)
                for _ in wanted:  # only now, so that is_up_to_date is never true too early
                    self._wanted.popleft()
            self._wait_for_the_eye()

    def _fail(self, error: InkgradError | MemoryError) -> None:
        """Stop, say why, and go back to the last state that was shown."""
        self.running = False
        with self._changed:
            self._error = str(error) or "the memory is full: take smaller layers or batches"
        run, last = self._run, self.snapshot
        run.theta, run.state, run.epoch, run.step = last.theta, last.memory, last.epoch, last.step
        self.rows, self._generation = self.rows[: last.n_rows], self._generation + 1
        self._loop.restart()
        self._loop.costs.clear()
        self._publish(at_once=True)

    def _wait_for_the_eye(self) -> None:
        """Let others have the lock, and keep an epoch of points long enough to be seen."""
        breath = 0.0005  # seconds in which others get the lock
        slowly = self.running and not self._hurried and not self.settings.is_digits
        time.sleep(max(SHOWN.seconds_of_epoch - self._last_slice, breath) if slowly else breath)

    def _train_a_while(self) -> None:
        start = time.perf_counter()
        self._run.engine = Fast(self._threads())
        one_epoch = not (self.settings.is_digits or self._hurried)
        end = start + 0.05  # seconds between two looks at what is wanted
        while self.running and not self._closed and time.perf_counter() < end:
            epoch = self._run.epoch
            self._way.give()
            self._take_step()
            if self._run.epoch > epoch and (one_epoch or self._run.epoch == self._goal):
                break
        if self._goal is not None and self._run.epoch >= self._goal:
            self.running = False
        self._last_slice = time.perf_counter() - start

    def _take_step(self) -> None:
        row = self._loop.step()
        if row:
            self._keep(row)

    def _is_row_due(self, run: Run) -> bool:
        if self.settings.is_digits:
            return run.step % SHOWN.steps_between_rows == 0
        every = 10 ** max(0, len(str(run.epoch)) - 3)  # epochs between rows: 1 below a thousand, then 10, then 100
        return run.step == 0 and run.epoch % every == 0

    def _measure(self, loop: TrainingLoop) -> dict[str, Any]:
        run = self._run
        row = {"step": loop.steps_done, "epoch": loop.epochs_done, "cost": loop.mean_cost, "train": None}
        row["test"] = self._accuracy(self._quick) if self._has_test else None
        if not self.settings.is_digits:
            row["train"] = evaluate(run.objective, run.answer, self._dataset.train).accuracy
        return row

    def _accuracy(self, examples: Examples) -> float:
        """Return the part of examples that is right; Interrupted where the training is closed meanwhile."""
        run, n_right, n = self._run, 0, SHOWN.n_digits_between_looks if self.settings.is_digits else len(examples)
        for i in range(0, len(examples), n):
            if self._closed:
                raise Interrupted("the training is closed")
            some = Examples(examples.x[i : i + n], examples.t[i : i + n])
            n_right += evaluate(run.objective, run.answer, some, engine=run.engine).n_right
        return n_right / len(examples)

    def _keep(self, row: dict[str, Any]) -> None:
        if len(self.rows) < SHOWN.n_rows:
            self.rows.append((row["step"], row["epoch"], row["cost"], row["train"], row["test"]))

    def _one_step(self) -> None:
        self.running = False
        self._take_step()
        if self._loop.costs:
            self._keep(self._loop.row())

    def _go(self, goal: int | None) -> None:
        self.running, self._goal, self._hurried = True, goal, False

    def _go_to(self, epoch: int) -> None:
        self._build(self.settings)
        if epoch:
            self.running, self._goal, self._hurried = True, epoch, True

    def _change(self, settings: PlaygroundSettings) -> None:
        if not settings.same_network(self.settings):
            was_running = self.running
            self._build(settings)
            self.running = was_running
            return
        self._go_on(settings, self._run.theta)

    def _change_by_hand(self, change: Callable[[HandWork, np.ndarray], None]) -> None:
        theta, hand, train = self._run.theta.copy(), deepcopy(self._hand), self._dataset.train
        change(hand, theta)
        found = evaluate(self._run.objective, theta, train)  # where it diverges, nothing was changed
        self._hand = hand
        self._go_on(self.settings, theta)
        place = {"step": self._loop.steps_done, "epoch": self._loop.epochs_done}
        test = self._accuracy(self._quick) if self._has_test else None
        self._keep(place | {"cost": found.cost, "train": found.accuracy, "test": test})
        self._publish(at_once=True)

    def _go_on(self, settings: PlaygroundSettings, theta: np.ndarray) -> None:
        """Go on from here with other knobs, or another theta."""
        old, before = self._run, self.settings
        keeps, optimizer, held = settings.optimizer == before.optimizer, settings.optimizer_(), self._hand.held
        self._run = Run(
            Objective(*settings.network_and_cost()), HeldAtZero(optimizer, held) if held else optimizer,
            settings.batch_size, settings.seed,
            old.epoch, 0 if settings.batch_size != before.batch_size else old.step,
            theta, old.state if keeps else None, augmentation=settings.augmentation_(), engine=old.engine,
        )  # fmt: skip
        self._settle(settings, self._loop.seconds)
        self._publish(at_once=True)  # what is gone back to is of these settings

    def _build(self, settings: PlaygroundSettings) -> None:
        """Make everything anew."""
        with self.busy:
            objective = Objective(*settings.network_and_cost())
            dataset = settings.dataset(self._digits)
            self._run = Run(
                objective, settings.optimizer_(), settings.batch_size, settings.seed,
                augmentation=settings.augmentation_(),
            )  # fmt: skip
            self._dataset, self._hand = dataset, HandWork(objective.network)
            test = dataset.test
            self._quick = Examples(test.x[: SHOWN.n_test_digits], test.t[: SHOWN.n_test_digits])
            self._has_test = settings.data == "xor" or test is not dataset.train  # XOR's points are all of both
            self._points = {} if settings.is_digits else _listed_points(settings.plane())
            self._share = round(len(dataset.train) / (len(dataset.train) + len(test)), 2) if self._has_test else 1
            self.rows = []
            self._last_slice = 0.0
            self.running = False
            self._generation += 1
            self._settle(settings)
            self._publish(at_once=True)

    def _settle(self, settings: PlaygroundSettings, seconds: float = 0.0) -> None:
        self.settings = settings
        self._loop = TrainingLoop(self._run, self._dataset.train, self._measure, self._is_row_due, seconds=seconds)
        self._published = self._detailed = 0.0

    def _publish(self, at_once: bool) -> None:
        """Make a new state, unless the last one is young."""
        now = time.perf_counter()
        if now - self._published < SHOWN.seconds_between_states and not at_once:
            return
        self._published, run, is_digits = now, self._run, self.settings.is_digits
        latest: dict[str, Any] = {
            "kind": "state",
            "settings": self.settings.as_message(),
            "running": self.running,
            "epoch": self._loop.epochs_done,
            "step": self._loop.steps_done,
            "steps_in_epoch": self._loop.steps_in_epoch,
            "n_parameters": run.objective.layout.size,
            "network": as_network(run.objective.network),
            "seconds": round(self._loop.seconds, 3),
            "labels": list(self._dataset.labels),
            "out": [list(unit) for unit in self._hand.out],
            "n_by_hand": len(self._hand.done),
            "hint": hint(self.settings, self.rows),
            "share": None if is_digits else self._share,
            "boundary": None if is_digits else boundary(run.objective, run.answer, self.settings.features),
            "layers": self._details(now, at_once),
        }
        memory = {name: array.copy() for name, array in run.state.items()}
        self.snapshot = Snapshot(
            latest, self._points, self._generation, self.rows, len(self.rows), self.settings, self._dataset,
            run.objective, run.theta.copy(), memory, run.epoch, run.step,
        )  # fmt: skip
        for listener in tuple(self.listeners):
            listener()

    def _details(self, now: float, at_once: bool) -> list[dict[str, Any]] | None:
        if not self._wants_details or (now - self._detailed < SHOWN.seconds_between_histograms and not at_once):
            return None
        self._detailed = now
        return details(self._run.objective, self._run.answer, self._dataset.train)


def _listed_points(plane: Dataset) -> dict[str, Any]:
    tests = [] if plane.test is plane.train else _listed(plane.test)
    return {"points": _listed(plane.train), "test_points": tests}


def _listed(examples: Examples) -> list[list[float]]:
    return [[round(float(x), 4), round(float(y), 4), int(t)] for (x, y), t in zip(examples.x, examples.t, strict=True)]
