"""What is seen of a sweep: a table of the best trials and of those under way, and a bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from inkgrad.sweeps import Outcome, Sweep, ranked
from inkgrad.sweeps.sweep_session import Show
from inkgrad.sweeps.trial import RUNNING

SHOWN = 12  # rows of the table while it goes


@contextmanager
def trials_of(sweep: Sweep, console: Console) -> Iterator[Show]:
    """Yield a function that shows an outcome that has grown, or ended.

    Where the console is not a terminal there is neither table nor bar, only a line for each trial that ended.
    """
    names = list(sweep.plan.space)
    seen = dict(sweep.outcomes)
    progress = Progress(TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    bar = progress.add_task("", total=len(sweep.trials), completed=len(sweep.outcomes))
    live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None

    def show(outcome: Outcome) -> None:
        seen[outcome.trial.number] = outcome
        if live:
            progress.update(bar, completed=len(sweep.outcomes))
            live.update(Group(table(_some(seen.values()), names), progress))
        elif outcome.status != RUNNING:
            console.print(_line(outcome, names, len(sweep.outcomes), len(sweep.trials)), soft_wrap=True)

    if live is None:
        yield show
        return
    with live:
        yield show


def table(outcomes: Iterable[Outcome], names: Sequence[str]) -> Table:
    """Return a table of outcomes, in the order given, with the settings of these names."""
    found = Table(box=None, pad_edge=False)
    for name in ("trial", *names, "epochs", "accuracy", "seconds"):
        found.add_column(name, justify="right", no_wrap=True)
    found.add_column("", no_wrap=True)
    for each in outcomes:
        accuracy = "" if each.accuracy is None else f"{each.accuracy:.4f}"
        settings = [_short(getattr(each.trial.settings, name)) for name in names]
        row = [str(each.trial.number), *settings, str(each.epochs), accuracy, f"{each.seconds:.1f}", each.status]
        found.add_row(*row, style="dim" if each.status == "stopped" else None)
    return found


def _some(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return as many as fit: those under way, and the best of the others."""
    found = ranked(outcomes)
    running = [each for each in found if each.status == RUNNING][:SHOWN]
    ended = [each for each in found if each.status != RUNNING]
    return ended[: max(SHOWN - len(running), 3)] + running


def _line(outcome: Outcome, names: Sequence[str], n_ended: int, n: int) -> str:
    settings = ", ".join(f"{name} {_short(getattr(outcome.trial.settings, name))}" for name in names)
    accuracy = "" if outcome.accuracy is None else f", validation accuracy {outcome.accuracy:.4f}"
    number = outcome.trial.number
    epochs = f"{outcome.epochs} of {outcome.trial.settings.epochs} epochs"
    return f"{n_ended} of {n}: trial {number} {outcome.status} after {epochs}{accuracy}, {settings}"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
