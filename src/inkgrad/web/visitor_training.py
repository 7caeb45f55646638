"""VisitorTraining: one training of a visitor, whose knobs, weights and pace can be changed while it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from inkgrad.arrays import AnyArray, NDArray
from inkgrad.data import Dataset, Examples
from inkgrad.errors import Interrupted, SettingError
from inkgrad.fast import Fast
from inkgrad.training import Objective, Run, TrainingLoop, evaluate, evaluate_numbers
from inkgrad.web.hand_work import HandWork, HeldAtZero
from inkgrad.web.limits import SHOWN
from inkgrad.web.playground_settings import PlaygroundSettings
from inkgrad.web.right_of_way import RightOfWay
from inkgrad.web.snapshot import Row, Snapshot

Change = Callable[[HandWork, NDArray], None]


class VisitorTraining:
    """What is trained, on what, and how it went.

    Before each step it goes by the right of `way`; `is_closed` tells whether nobody waits for it any more.

    settings    its knobs
    run, loop   the training itself
    dataset     what it is trained and tested on
    points      those of the plane, as the page has them
    has_test    whether there are examples that it is not trained on
    share       of all examples, that is trained on
    hand        what was changed by hand
    rows        its curve: step, epoch, cost, and how good it is on what it is trained and tested on, by _cost_and_score
    generation  of the rows: another one begins when the training does
    running     whether it goes on by itself
    """

    def __init__(
        self, settings: PlaygroundSettings, digits: Dataset, way: RightOfWay, is_closed: Callable[[], bool]
    ) -> None:
        self._digits, self._way, self._is_closed = digits, way, is_closed
        self._goal: int | None = None  # the epoch at which to pause
        self._hurried = False
        self.generation = 0
        self.build(settings)

    def build(self, settings: PlaygroundSettings) -> None:
        """Make everything anew."""
        objective = Objective(*settings.network_and_cost())
        self.dataset = dataset = settings.dataset(self._digits)
        self.run = Run(
            objective, settings.optimizer_(), settings.batch_size, settings.seed, augmentation=settings.augmentation_()
        )
        self.hand = HandWork(objective.network)
        test = dataset.test
        self._quick = Examples(test.x[: SHOWN.n_test_digits], test.t[: SHOWN.n_test_digits])
        self.has_test = settings.data == "xor" or test is not dataset.train  # XOR's points are all of both
        self.points = {} if settings.is_digits else _listed_points(settings.points_on_plane())
        self.share = round(len(dataset.train) / (len(dataset.train) + len(test)), 2) if self.has_test else 1
        self.rows: list[Row] = []
        self._last_slice = 0.0
        self.running = False
        self.generation += 1
        self._settle(settings)

    def _settle(self, settings: PlaygroundSettings, seconds: float = 0.0) -> None:
        self.settings = settings
        self.loop = TrainingLoop(self.run, self.dataset.train, self._measure, self._is_row_due, seconds=seconds)

    # How it goes on.

    def go(self, goal: int | None = None) -> None:
        """Train until told otherwise, or to an epoch."""
        self.running, self._goal, self._hurried = True, goal, False

    def go_epoch(self) -> None:
        """Train to the end of this epoch; where that is under way already, to the end of the next."""
        self.go((self._goal if self.running and self._goal else self.run.epoch) + 1)

    def go_to(self, epoch: int) -> None:
        """Train from the start to an epoch, without waiting, and pause there."""
        self.build(self.settings)
        if epoch:
            self.running, self._goal, self._hurried = True, epoch, True

    def pause(self) -> None:
        """Stop, and go on later."""
        self.running = False

    def one_step(self) -> None:
        """Take one step, and pause."""
        self.running = False
        self._take_step()
        if self.loop.costs:
            self._keep(self.loop.row())

    def train_a_while(self, n_threads: int) -> None:
        """Train for a twentieth of a second, an epoch that is to be seen, or to the goal."""
        start = time.perf_counter()
        self.run.engine = Fast(n_threads)
        one_epoch = not (self.settings.is_digits or self._hurried)
        end = start + 0.05  # seconds between two looks at what is wanted
        while self.running and not self._is_closed() and time.perf_counter() < end:
            epoch = self.run.epoch
            self._way.give()
            self._take_step()
            if self.run.epoch > epoch and (one_epoch or self.run.epoch == self._goal):
                break
        if self._goal is not None and self.run.epoch >= self._goal:
            self.running = False
        self._last_slice = time.perf_counter() - start

    def rest(self) -> float:
        """Return for how many seconds to let others have the lock, and an epoch of points be seen."""
        breath = 0.0005
        slowly = self.running and not self._hurried and not self.settings.is_digits
        return max(SHOWN.seconds_of_epoch - self._last_slice, breath) if slowly else breath

    # How it is changed.

    def change(self, settings: PlaygroundSettings) -> None:
        """Turn knobs; another network or other data start anew."""
        if settings.same_network(self.settings):
            self._go_on(settings, self.run.theta)
            return
        was_running = self.running
        self.build(settings)
        self.running = was_running

    def change_by_hand(self, change: Change) -> None:
        """Change some of theta; where it diverges then, nothing is changed."""
        theta, hand = self.run.theta.copy(), deepcopy(self.hand)
        change(hand, theta)
        cost, train = self._cost_and_score(self.dataset.train, theta)
        test = self._cost_and_score(self._quick, theta)[1] if self.has_test else None
        self.hand = hand
        self._go_on(self.settings, theta)
        place = {"step": self.loop.steps_done, "epoch": self.loop.epochs_done}
        self._keep(place | {"cost": cost, "train": train, "test": test})

    def put(self, theta: NDArray) -> NDArray:
        """Go on from another theta, and return the one before; raises SettingError for one of another network."""
        if theta.shape != self.run.theta.shape:
            raise SettingError("the network was changed meanwhile: ask it again")
        before, self.run.theta = self.run.theta, theta.astype(self.run.theta.dtype)
        self.loop.restart()
        return before

    def go_back(self, last: Snapshot) -> None:
        """Stop, and stand as it stood."""
        self.running = False
        run = self.run
        run.theta, run.state, run.epoch, run.step = last.theta, last.memory, last.epoch, last.step
        self.rows, self.generation = self.rows[: last.n_rows], self.generation + 1
        self.loop.restart()
        self.loop.costs.clear()

    def _go_on(self, settings: PlaygroundSettings, theta: NDArray) -> None:
        """Go on from here with other knobs, or another theta."""
        old, before = self.run, self.settings
        keeps, optimizer, held = settings.optimizer == before.optimizer, settings.optimizer_(), self.hand.held
        self.run = Run(
            Objective(*settings.network_and_cost()), HeldAtZero(optimizer, held) if held else optimizer,
            settings.batch_size, settings.seed,
            old.epoch, 0 if settings.batch_size != before.batch_size else old.step,
            theta, old.state if keeps else None, augmentation=settings.augmentation_(), engine=old.engine,
        )  # fmt: skip
        self._settle(settings, self.loop.seconds)

    # Its curve.

    def _take_step(self) -> None:
        row = self.loop.step()
        if row:
            self._keep(row)

    def _keep(self, row: dict[str, Any]) -> None:
        if len(self.rows) < SHOWN.n_rows:
            self.rows.append((row["step"], row["epoch"], row["cost"], row["train"], row["test"]))

    def _is_row_due(self, run: Run) -> bool:
        if self.settings.is_digits:
            return run.step % SHOWN.steps_between_rows == 0
        every = 10 ** max(0, len(str(run.epoch)) - 3)  # epochs between rows: 1 below a thousand, then 10, then 100
        return run.step == 0 and run.epoch % every == 0

    def _measure(self, loop: TrainingLoop) -> dict[str, Any]:
        row = {"step": loop.steps_done, "epoch": loop.epochs_done, "cost": loop.mean_cost, "train": None}
        row["test"] = self._cost_and_score(self._quick, self.run.answer)[1] if self.has_test else None
        if not self.settings.is_digits:
            row["train"] = self._cost_and_score(self.dataset.train, self.run.answer)[1]
        return row

    def _cost_and_score(self, examples: Examples, theta: AnyArray) -> tuple[float, float]:
        """Return the mean cost of examples, and the part that is right, or of numbers the mean squared error.

        Raises Interrupted where the training is closed meanwhile, Diverged where the cost is not a number.
        """
        run, costs, scores = self.run, 0.0, 0.0
        n = SHOWN.n_digits_between_looks if self.settings.is_digits else len(examples)
        for i in range(0, len(examples), n):
            if self._is_closed():
                raise Interrupted("the training is closed")
            some = Examples(examples.x[i : i + n], examples.t[i : i + n])
            if self.settings.is_regression:
                of_numbers = evaluate_numbers(run.objective, theta, some, engine=run.engine)
                cost, score = of_numbers.cost, len(some) * of_numbers.mean_squared_error
            else:
                of_classes = evaluate(run.objective, theta, some, engine=run.engine)
                cost, score = of_classes.cost, of_classes.n_right
            costs, scores = costs + len(some) * cost, scores + score
        return costs / len(examples), scores / len(examples)


def _listed_points(points: Dataset) -> dict[str, Any]:
    tests = [] if points.test is points.train else _listed(points.test)
    return {"points": _listed(points.train), "test_points": tests}


def _listed(examples: Examples) -> list[list[float]]:
    targets = examples.t if examples.has_classes else examples.t[:, 0].astype(float).round(4)
    return [[round(float(x), 4), round(float(y), 4), t] for (x, y), t in zip(examples.x, targets.tolist(), strict=True)]
