"""A lesson, shown: a mistake being made, what the numbers look like, and what the checker says of it."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from inkgrad.check.lessons import LESSONS, Problem, checked, two_gradients
from inkgrad.cli.shown_gradients import gradients_table
from inkgrad.cli.shown_report import in_words, more_about
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
        wrong, right = checked(exhibit.wrong), checked(exhibit.right)
        console.print(gradients_table(exhibit.title, two_gradients(exhibit.wrong)))
        print("The checker says:")
        names = names_of(exhibit.right.network) if isinstance(exhibit.right, Problem) else {}
        for finding in wrong.findings:
            console.print(f"  {in_words(finding, names)}", style="red", markup=False, soft_wrap=not console.is_terminal)
        print(f"  the gradient is {'right' if wrong.ok else 'wrong'}; with the right line it is "
              f"{'right' if right.ok else 'wrong'}\n")  # fmt: skip
        found &= right.ok and not wrong.ok
    console.print(lesson.moral, markup=False, soft_wrap=not console.is_terminal)
    print(more_about(lesson.kind))
    if plot:
        wrong.plot(plot)
        say(f"the heat map is in {plot}")
    if not found:
        say("the checker has not found this mistake: please report it")
        raise typer.Exit(1)
