"""A kind of mistake, explained: what it means, a wrong and a right line, how it looks, and what to do."""

from __future__ import annotations

from difflib import get_close_matches
from textwrap import fill

from rich.console import Console

from inkgrad.check import Kind
from inkgrad.check.lessons import LESSONS
from inkgrad.check.mistakes import Mistake, explained, wrong_gradients
from inkgrad.cli.shown_gradients import gradients_table
from inkgrad.cli.shown_report import in_words
from inkgrad.errors import MissingExtra, SettingError

WIDTH = 100  # columns, of text that is to be read


def list_mistakes() -> None:
    """Print the kinds, one a line."""
    width = max(map(len, Kind))
    for kind in Kind:
        print(f"{kind:{width}}  {kind.sentence}")


def show_mistake(word: str) -> None:
    """Print what is told of one kind; the numbers are those of its example, which is run."""
    mistake, console = explained(_kind(word)), Console(highlight=False)
    console.print(f"[bold]{mistake.kind}[/]: {mistake.kind.sentence}\n", soft_wrap=not console.is_terminal)
    print(f"{_filled(mistake.meaning, console)}\n\n{_code(mistake)}\n")
    console.print("[bold]How it looks[/]")
    print(f"{_filled(mistake.looks, console)}\n")
    try:
        _show_numbers(mistake, console)
    except MissingExtra as error:
        print(error)
    console.print("\n[bold]What to do[/]")
    print(_filled(mistake.advice, console))
    lessons = [each.name for each in LESSONS.values() if each.kind == mistake.kind]
    if lessons:
        print(f"\na lesson: inkgrad check --break {lessons[0]}")


def _kind(word: str) -> Kind:
    kind = next((kind for kind in Kind if kind == word), None)
    if kind:
        return kind
    near = get_close_matches(word.lower().replace("_", "-").replace(" ", "-"), list(Kind), 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "`inkgrad check --explain list` lists them"
    raise SettingError(f"there is no mistake of the name {word!r}: {hint}")


def _code(mistake: Mistake) -> str:
    """Return the lines of the example, each with what it is before it."""
    parts = {"forward": mistake.forward_lines, "wrong": mistake.wrong_lines, "right": mistake.right_lines}
    return "\n".join(
        f"  {word if k == 0 else '':9}{line}".rstrip() for word, lines in parts.items() for k, line in enumerate(lines)
    )


def _show_numbers(mistake: Mistake, console: Console) -> None:
    """Print the first gradients that are wrong in the example, and what the checker says of the first."""
    report = mistake.report()
    pairs = dict(list(wrong_gradients(report).items())[:2])
    if pairs:
        console.print(gradients_table("", pairs, 6))
    print("The checker says:")
    said = in_words(report.findings[0], {})
    console.print(f"  {said}", style="red", markup=False, soft_wrap=not console.is_terminal)


def _filled(text: str, console: Console) -> str:
    """Return paragraphs in lines that fit on the terminal, and are no longer than one likes to read."""
    width = min(console.width, WIDTH)
    return "\n\n".join(fill(each, width, break_long_words=False, break_on_hyphens=False) for each in text.split("\n\n"))
