"""`inkgrad check`: is the gradient right, and if not, what is wrong with it?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from inkgrad.arrays import NDArray
from inkgrad.check import Comparison, EntryVerdict, Finding, check_network
from inkgrad.check.lessons import LESSONS, Problem, two_gradients
from inkgrad.cli.options import ClassSettings, Data, NotWith, Seed, refused
from inkgrad.cli.targets import SIZES, Checked, Request, examine, names_of
from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.models import MODELS


@refused(
    NotWith(("target",), "lesson", "--break brings a network of its own: leave {value} out"),
    NotWith(
        ("input_shape", "settings", "examples", "data", "seed", "quick"),
        "lesson",
        "--break brings a network of its own: leave {} out",
    ),
)
def check(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help=f"A model file, a named network ({', '.join(MODELS)}), or FILE.py:Class, a layer or cost of yours.",
        ),
    ] = None,
    input_shape: Annotated[
        str | None,
        typer.Option(metavar="SHAPE", help="Shape of one input of your layer: 4, or 28x28x1. For a cost: its outputs."),
    ] = None,
    settings: ClassSettings = None,
    examples: Annotated[
        int | None,
        typer.Option(
            help=f"Examples in the batch; {SIZES.n_examples} for a class of yours, {SIZES.n_digits} for a network."
        ),
    ] = None,
    data: Data = None,
    seed: Seed = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only along three random directions in each array: says that, not what.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw every error, in units of its error bar, as a heat map.")
    ] = None,
    lesson: Annotated[
        str | None,
        typer.Option("--break", metavar="LESSON", help="See a mistake being made and found; 'list' lists them."),
    ] = None,
) -> None:
    """Compare the gradient by backward with finite differences, and name what is wrong.

    Each entry is judged by the error bar of its own difference: there is no
    tolerance to choose. It is "right", or inside a "kink" as that of ReLU, or
    "wrong", or so small that differences "cannot tell".

    [bold]inkgrad check digits.safetensors --quick[/]
    the model that inkgrad train wrote, on training digits

    [bold]inkgrad check mine.py:Scale --set n=4 --input-shape 4[/]
    your own layer Scale(n=4), at random inputs of 4 numbers; this runs
    mine.py, so look into a file of somebody else's before

    [bold]inkgrad check --break softmax-diagonal[/]
    the mistake that this checker was made for: what it did, and its name

    Exit status: 0 the gradient is right, 1 it is wrong, 2 it cannot be checked.
    A lesson, with --break, ends with 0 when the mistake was found.
    """
    if plot:
        refuse_same(plot, [Path(target.rpartition(":")[0] or target)] if target else [])
        refuse_unwritable(plot)
    if lesson is not None:
        if lesson == "list":
            if plot:
                raise SettingError("--plot draws one lesson: name it in the place of list")
            width = max(map(len, LESSONS))
            for each in LESSONS.values():
                print(f"{each.name:{width}}  {each.about}")
        else:
            _show_lesson(lesson, plot)
        return
    if target is None:
        raise SettingError("what is to be checked? A model file, FILE.py:Class, or a lesson: inkgrad check --help")
    with limit_threads(1):  # many small products: threads would only wait for each other
        checked = examine(Request(target, input_shape, tuple(settings or ()), examples, data, seed, quick))
    _show(checked, quick)
    if plot:
        checked.report.plot(plot)
        say(f"the heat map is in {plot}")
    if not checked.report.ok:
        raise typer.Exit(1)


def _show(checked: Checked, quick: bool) -> None:
    report = checked.report
    if report.comparisons:
        Console().print(_table(checked, "along random directions" if quick else None))
    for finding in report.findings:
        print(_in_words(finding, checked.layers))
    untold = sum(each.count(EntryVerdict.cannot_tell) for each in report.comparisons)
    if untold:
        n = sum(each.verdicts.size for each in report.comparisons)
        say(f"{untold} of {n} entries are lost in rounding, so differences cannot tell: try other --seed or --examples")
    print(report.verdict)


def _table(checked: Checked, title: str | None) -> Table:
    table = Table(title=title)
    table.add_column("layer", style="bold")
    table.add_column("gradient")
    for name in "entries", "right", "kink", "cannot tell", "wrong", "worst relative error":
        table.add_column(name, justify="right")
    for comparison in checked.report.comparisons:
        table.add_row(*_row(comparison, checked.layers))
    return table


def _row(comparison: Comparison, layers: dict[str, str]) -> list[str]:
    path, array = comparison.layer, comparison.array
    if not path and "." in array:  # quick_check says "1.W"
        path, _, array = array.rpartition(".")
    layer = "whole" if path == "wiring" else f"{path} {layers.get(path, '')}".strip()
    wrong = comparison.count(EntryVerdict.wrong) + comparison.count(EntryVerdict.uncomfortable)
    told = comparison.relative_error[comparison.verdicts != EntryVerdict.cannot_tell]
    counts = [comparison.count(verdict) or "·" for verdict in (EntryVerdict.kink, EntryVerdict.cannot_tell)]
    right = comparison.count(EntryVerdict.right)
    return [
        layer,
        f"d{array}",
        str(comparison.verdicts.size),
        f"[green]{right}[/]" if right else "·",
        *map(str, counts),
        f"[red]{wrong}[/]" if wrong else "·",
        f"{np.max(told):.1e}" if told.size else "·",
    ]


def _show_lesson(name: str, plot: Path | None) -> None:
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
            console.print(
                f"  {_in_words(finding, names)}", style="red", markup=False, soft_wrap=not console.is_terminal
            )
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


def _in_words(finding: Finding, names: dict[str, str]) -> str:
    """Return a finding as a line: "layer 1 (Softmax), dx: diagonal-jacobian: only the diagonal ..."."""
    path = finding.layer
    if path in ("cost", "wiring"):
        where = "the cost, " if path == "cost" else "the whole, "
    elif path:
        where = f"layer {path} ({names[path]}), " if path in names else f"layer {path}, "
    else:
        where = ""
    ties = f" (or: {', '.join(finding.also)})" if finding.also else ""
    return f"{where}d{finding.array}: {finding.kind}{ties}: {finding.message}"
