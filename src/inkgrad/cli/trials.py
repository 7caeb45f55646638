"""What is seen of a sweep: a table of the best trials and of those under way, and a bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from inkgrad.sweeps import Show, Sweep, TrialResult, TrialStatus, ranked

SHOWN = 12  # rows of the table while it goes


@contextmanager
def trials_of(sweep: Sweep, console: Console) -> Iterator[Show]:
    """Yield a function that shows a result that has grown, or ended.

    Where the console is not a terminal there is neither table nor bar, only a line for each trial that ended.
    """
    names = list(sweep.plan.space)
    seen = dict(sweep.results)
    progress = Progress(TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    bar = progress.add_task("", total=len(sweep.trials), completed=len(sweep.results))
    live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None

    def show(result: TrialResult) -> None:
        seen[result.trial.number] = result
        if live:
            progress.update(bar, completed=len(sweep.results))
            live.update(Group(table(_some(seen.values()), names), progress))
        elif result.status != TrialStatus.RUNNING:
            console.print(_line(result, names, len(sweep.results), len(sweep.trials)), soft_wrap=True)

    if live is None:
        yield show
        return
    with live:
        yield show


def table(results: Iterable[TrialResult], names: Sequence[str]) -> Table:
    """Return a table of results, in the order given, with the settings of these names."""
    found = Table(box=None, pad_edge=False)
    for name in ("trial", *names, "epochs", "accuracy", "seconds"):
        found.add_column(name, justify="right", no_wrap=True)
    found.add_column("", no_wrap=True)
    for each in results:
        accuracy = "" if each.accuracy is None else f"{each.accuracy:.4f}"
        settings = [_short(getattr(each.trial.settings, name)) for name in names]
        row = [str(each.trial.number), *settings, str(each.epochs), accuracy, f"{each.seconds:.1f}", each.status]
        found.add_row(*row, style="dim" if each.status == TrialStatus.STOPPED else None)
    return found


def _some(results: Iterable[TrialResult]) -> list[TrialResult]:
    """Return as many as fit: those under way, and the best of the others."""
    found = ranked(results)
    running = [each for each in found if each.status == TrialStatus.RUNNING][:SHOWN]
    ended = [each for each in found if each.status != TrialStatus.RUNNING]
    return ended[: max(SHOWN - len(running), 3)] + running


def _line(result: TrialResult, names: Sequence[str], n_ended: int, n: int) -> str:
    settings = ", ".join(f"{name} {_short(getattr(result.trial.settings, name))}" for name in names)
    accuracy = "" if result.accuracy is None else f", validation accuracy {result.accuracy:.4f}"
    number = result.trial.number
    epochs = f"{result.epochs} of {result.trial.settings.epochs} epochs"
    return f"{n_ended} of {n}: trial {number} {result.status} after {epochs}{accuracy}, {settings}"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
