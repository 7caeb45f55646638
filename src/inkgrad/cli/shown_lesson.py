"""A lesson, shown: a mistake being made, what the numbers look like, and what the checker says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from inkgrad.arrays import NDArray
from inkgrad.check import check_network
from inkgrad.check.lessons import LESSONS, Problem, two_gradients
from inkgrad.cli.shown_report import in_words
from inkgrad.cli.targets import names_of
from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError


def list_lessons() -> None:
    """Print the lessons, one a line."""
    width = max(map(len, LESSONS))
    for each in LESSONS.values():
        print(f"{each.name:{width}}  {each.about}")


def show_lesson(name: str, plot: Path | None) -> None:
    """Print one lesson; with `plot`, draw the last of its wrong networks."""
    if name not in LESSONS:
        raise SettingError(f"there is no lesson {name!r}: inkgrad check --break list lists them")
    lesson = LESSONS[name]
    console = Console(highlight=False)
    console.print(f"[bold]{name}[/]: {lesson.about}", soft_wrap=not console.is_terminal)
    print(f"\n  wrong   {lesson.wrong_line}\n  right   {lesson.right_line}\n")
    found = True
    for exhibit in lesson.make():
        wrong = check_network(*exhibit.wrong, raises=False)
        right = check_network(*exhibit.right, raises=False)
        console.print(_lesson_table(exhibit.title, exhibit.wrong))
        print("The checker says:")
        names = names_of(exhibit.right.network)
        for finding in wrong.findings:
            console.print(f"  {in_words(finding, names)}", style="red", markup=False, soft_wrap=not console.is_terminal)
        print(f"  the gradient is {'right' if wrong.ok else 'wrong'}; with the right line it is "
              f"{'right' if right.ok else 'wrong'}\n")  # fmt: skip
        found &= right.ok and not wrong.ok
    console.print(lesson.moral, markup=False, soft_wrap=not console.is_terminal)
    if plot:
        wrong.plot(plot)
        say(f"the heat map is in {plot}")
    if not found:
        say("the checker has not found this mistake: please report it")
        raise typer.Exit(1)


def _lesson_table(title: str, problem: Problem) -> Table:
    table = Table(title=title)
    table.add_column("gradient", style="bold")
    for name in "by differences", "by backward", "ratio", "relative error":
        table.add_column(name, justify="right")
    for path, (numerical, backward) in two_gradients(problem).items():
        shown = numerical.size if numerical.size <= 6 else 3
        for entry, n, a in list(_entries(numerical, backward))[:shown]:
            size = max(abs(n), abs(a))
            error = abs(a - n) / size if size else 0.0
            colour = "red" if error > 1e-4 else "green"
            ratio = f"{a / n:.6f}" if n else "·"
            table.add_row(f"{path}{entry}", f"{n:.6f}", f"{a:.6f}", ratio, f"[{colour}]{error:.6f}[/]")
        if numerical.size > shown:
            table.add_row(f"[dim]and {numerical.size - shown} more[/]")
        table.add_section()
    return table


def _entries(numerical: NDArray, backward: NDArray) -> Iterator[tuple[str, float, float]]:
    """Yield where an entry is and both its values, of the first output first."""
    for turned in np.ndindex(numerical.shape[::-1]):
        place = turned[::-1]
        yield f"[{','.join(map(str, place))}]", float(numerical[place]), float(backward[place])
