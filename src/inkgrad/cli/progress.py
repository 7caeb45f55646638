"""What is seen of a training: a bar while it goes, a line after each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inkgrad.sessions import Session


class Show(Protocol):
    """Takes what Session.steps yields."""

    def __call__(self, row: dict[str, Any] | None) -> None:
        """Show one more step."""


@contextmanager
def progress_of(session: Session, console: Console) -> Iterator[Show]:
    """Yield a function that shows one more step of the session.

    Where the console is not a terminal there is no bar, only the lines.
    """
    total, epochs = session.steps_in_epoch, session.settings.epochs
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=total * epochs, epoch="", numbers="")

        def show(row: dict[str, Any] | None) -> None:
            done = session.steps_done
            progress.update(bar, completed=done)
            if row is None:
                return
            epoch = -(-done // total)
            numbers = f"cost {row['cost']:.4f}  quick accuracy {row['quick_accuracy']:.3f}"
            progress.update(bar, epoch=f"{epoch} of {epochs}", numbers=numbers)
            if "test_accuracy" in row:
                console.print(
                    f"epoch {epoch} of {epochs}: last steps' cost {row['cost']:.4f}, "
                    f"test cost {row['test_cost']:.4f}, accuracy {row['test_accuracy']:.4f}, {row['seconds']:.1f} s",
                    soft_wrap=True,
                )

        yield show
