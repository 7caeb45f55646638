"""Trials one after another, in this process, with successive halving."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from inkgrad.errors import Diverged
from inkgrad.fast import limit_threads
from inkgrad.sweeps.sweep_session import Show, Sweep
from inkgrad.sweeps.trial import DIVERGED, DONE, RUNNING, STOPPED, Outcome
from inkgrad.sweeps.trial_training import walk


def one_after_another(sweep: Sweep, show: Show, stop: Callable[[], bool] = lambda: False, n_threads: int = 1) -> None:
    """Run the trials of a sweep that have not ended, each on `n_threads` threads.

    With rungs (Plan.rungs) all trials go to the first one, the best of them to the second, and so on: as all are
    there to be compared, this is successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943,
    figure 1), whose rungs ASHA climbs without waiting.

    Raises Interrupted, after a step, once `stop()` is true.
    """
    sweep.begin()
    going = sweep.going()
    with limit_threads(n_threads):
        for rung in (*sweep.plan.rungs, None):
            for number, outcome in going.items():
                if outcome.status == RUNNING:
                    going[number] = _until(rung, outcome, sweep, show, stop, n_threads)
            if rung is not None:
                for outcome in worse(list(going.values()), rung, sweep.plan.search.factor):
                    going[outcome.trial.number] = _end(outcome, STOPPED, sweep, show)


def worse(outcomes: list[Outcome], rung: int, factor: int) -> list[Outcome]:
    """Return the running ones that are not among the best 1 / `factor` after `rung` epochs; one is always kept."""
    there = sorted((each for each in outcomes if each.epochs >= rung), key=lambda each: -each.after(rung))
    return [each for each in there[max(1, len(there) // factor) :] if each.status == RUNNING]


def _until(
    rung: int | None, outcome: Outcome, sweep: Sweep, show: Show, stop: Callable[[], bool], n_threads: int
) -> Outcome:
    try:
        with closing(walk(outcome.trial, sweep.held, sweep.store, n_threads, stop)) as rows:
            for row in rows:
                outcome = outcome.grown(row)
                show(outcome)
                if row["epoch"] == rung:
                    return outcome
    except Diverged:
        return _end(outcome, DIVERGED, sweep, show)
    return _end(outcome, DONE, sweep, show)


def _end(outcome: Outcome, status: str, sweep: Sweep, show: Show) -> Outcome:
    ended = replace(outcome, status=status)
    sweep.record(ended)
    show(ended)
    return ended
