"""The terminal: lines of ours on it, a bar while a training goes, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.spinner import Spinner
from rich.text import Text

from inkgrad.data import Dataset
from inkgrad.sessions import Session
from inkgrad.writer_lock import WriterLock


def say(message: object) -> None:
    """Print one line on standard error, after our name."""
    print_error(f"inkgrad: {' '.join(str(message).split())}")


def print_error(text: object) -> None:
    """Print on standard error, or nowhere after 2>&-, when `print` would take standard output."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def say_about(dataset: Dataset) -> None:
    """Say what was found in a user's own data, and made of it."""
    if dataset.about:
        say(dataset.about)


def say_taken_over(lock: WriterLock) -> None:
    """Say whose lock it was before, if it was left behind."""
    if lock.taken_from:
        say(f"process {lock.taken_from.process} has ended without removing {lock.path}: taken over")


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C or a polite kill has come, or the terminal was closed.

    The second Ctrl-C raises KeyboardInterrupt at once, for those who cannot wait.  Under nohup the end of the terminal
    means nothing.
    """
    requests = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal requests
        requests += 1
        if requests > 1:
            raise KeyboardInterrupt

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield lambda: requests > 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def waiting(sentence: str, seconds: float = 2.0) -> Iterator[Callable[[str], None]]:
    """Say on standard error what is being done, from when it has taken some seconds, if that is a terminal.

    Yield a function that puts another sentence in the place of the first.
    """
    console, spinner, done = Console(stderr=True), Spinner("dots", Text(sentence)), Event()

    def show() -> None:
        if not done.wait(seconds):
            with Live(spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False):
                done.wait()

    thread = Thread(target=show, daemon=True)
    if console.is_terminal:
        thread.start()
    try:
        yield lambda sentence: spinner.update(text=Text(sentence))
    finally:
        done.set()
        if console.is_terminal:
            thread.join()


@contextmanager
def progress_of(session: Session, console: Console) -> Iterator[Callable[[dict[str, Any] | None], None]]:
    """Yield a function that shows one more step of the session.

    Where the console is not a terminal there is no bar, only the lines.
    """
    total, epochs = session.loop.steps_in_epoch, session.settings.epochs
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
