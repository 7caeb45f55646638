"""Publisher: what the page, and others, are told of a training, ten times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from inkgrad.web.hint import hint
from inkgrad.web.limits import SHOWN
from inkgrad.web.snapshot import Snapshot, boundary, details
from inkgrad.web.visitor_training import VisitorTraining
from inkgrad.web.wire import as_network


class Publisher:
    """Makes snapshots of a training, each of which is put in place as a whole, and calls its `listeners` then.

    `wants_details` says whether histograms are looked at.
    """

    def __init__(self, training: VisitorTraining) -> None:
        self.listeners: set[Callable[[], None]] = set()
        self.wants_details = False
        self._published = self._detailed = 0.0
        self.snapshot: Snapshot
        self.publish(training, at_once=True)

    def publish(self, training: VisitorTraining, at_once: bool) -> None:
        """Make a new snapshot, unless the last one is young, and it need not be at once.

        Raises Diverged where the outputs are not finite; the last snapshot stays then.
        """
        now = time.perf_counter()
        if now - self._published < SHOWN.seconds_between_states and not at_once:
            return
        self._published, run, settings = now, training.run, training.settings
        latest: dict[str, Any] = {
            "kind": "state",
            "settings": settings.as_message(),
            "running": training.running,
            "epoch": training.loop.epochs_done,
            "step": training.loop.steps_done,
            "steps_in_epoch": training.loop.steps_in_epoch,
            "n_parameters": run.objective.layout.size,
            "network": as_network(run.objective.network),
            "seconds": round(training.loop.seconds, 3),
            "targets": "numbers" if settings.is_regression else "classes",
            "labels": list(training.dataset.labels),
            "out": [list(unit) for unit in training.hand.out],
            "n_by_hand": len(training.hand.done),
            "hint": hint(settings, training.rows),
            "share": None if settings.is_digits else training.share,
            "boundary": None if settings.is_digits else boundary(run.objective, run.answer, settings),
            "layers": self._details(training, now, at_once),
        }
        memory = {name: array.copy() for name, array in run.state.items()}
        self.snapshot = Snapshot(
            latest, training.points, training.generation, training.rows, len(training.rows), settings, training.dataset,
            run.objective, run.theta.copy(), memory, run.epoch, run.step,
        )  # fmt: skip
        for listener in tuple(self.listeners):
            listener()

    def _details(self, training: VisitorTraining, now: float, at_once: bool) -> list[dict[str, Any]] | None:
        if not self.wants_details or (now - self._detailed < SHOWN.seconds_between_histograms and not at_once):
            return None
        self._detailed = now
        return details(training.run.objective, training.run.answer, training.dataset.train)
