"""`inkgrad read --out`: pictures by the hundred or the million, with a table for an answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from inkgrad.bulk import Outcome, Tally, read_to_file
from inkgrad.cli.terminal import say, say_taken_over
from inkgrad.interruption import interruptible


def read_in_bulk(sources: list[str], out: Path, address: str | None, **settings: Any) -> None:
    """Read all pictures of the sources, with settings of `read_to_file`, and say what came of it.

    Processes on this machine read, or the workers of the Ray cluster at `address`.
    """
    start = perf_counter()
    with interruptible(), _bar() as show:
        outcome = (
            _read_by_ray(sources, out, address, show=show, **settings)
            if address
            else read_to_file(sources, out, show=show, **settings)
        )
    say_taken_over(outcome.lock)
    n = outcome.n_read + outcome.n_unread
    say(f"{n:,} pictures in {perf_counter() - start:.1f} s: {outcome.n_read:,} are read in {outcome.out}")
    if outcome.n_unread:
        say(f"without an answer: {outcome.n_unread:,}, with the reason of each in {outcome.errors}")


def _read_by_ray(sources: list[str], out: Path, address: str, **settings: Any) -> Outcome:
    from inkgrad.distributed import read_dataset

    # Ray tells on standard output, at length, of each worker that died: it is replaced, and nobody need know.
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        return read_dataset(sources, out, address=address, note=say, **settings)


class _Rate(ProgressColumn):
    """Pictures a second since this run began."""

    def render(self, task: Any) -> Text:
        digits = 0 if (task.speed or 0) >= 10 else 1
        return Text(f"{task.speed:.{digits}f} a second" if task.speed else "starting")


@contextmanager
def _bar() -> Iterator[Any]:
    """Yield a function that shows how far the work is."""
    console = Console(stderr=True)
    columns = TextColumn("reading"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False,
                  speed_estimate_period=60) as progress:  # fmt: skip
        bar = progress.add_task("", total=None)

        def show(tally: Tally) -> None:
            if tally.n_done == tally.n_before:  # what an earlier run did says nothing of how fast this one is
                progress.reset(bar, total=tally.n, completed=tally.n_done)
            else:
                progress.update(bar, completed=tally.n_done)

        yield show
