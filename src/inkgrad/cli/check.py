"""`inkgrad check`: is the gradient right, and if not, what is wrong with it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.check_options import (
    Budget,
    Constants,
    Dtype,
    EveryEntry,
    Exact,
    Examples,
    Inputs,
    InputShape,
    Order,
    Points,
    Reference,
    Sensitivity,
    Shapes,
    Surrogates,
    Tangents,
    Target,
    Tolerance,
)
from inkgrad.cli.options import ClassSettings, Data, NotWith, Seed, refused
from inkgrad.cli.shown_lesson import list_lessons, show_lesson
from inkgrad.cli.shown_mistake import list_mistakes, show_mistake
from inkgrad.cli.shown_report import STATUS, as_json, show_report
from inkgrad.cli.targets import Request, examine
from inkgrad.cli.terminal import say, waiting
from inkgrad.errors import SettingError
from inkgrad.files import refuse_same, refuse_unwritable

OF_A_CHECK = (
    *("input_shape", "shapes", "inputs", "dtype", "settings", "examples", "data", "seed"),
    *(
        "order",
        "exact",
        "sensitivity",
        "tolerance",
        "every_entry",
        "reference",
        "points",
        "budget",
        "surrogate",
        "tangent",
        "constant",
    ),
    "is_json",
)


@refused(
    NotWith(("target",), "lesson", "--break brings a network of its own: leave {value} out"),
    NotWith(OF_A_CHECK, "lesson", "--break brings a network of its own: leave {} out"),
    NotWith(("target",), "explain", "--explain checks nothing: leave {value} out"),
    NotWith((*OF_A_CHECK, "plot", "lesson"), "explain", "--explain checks nothing: leave {} out"),
)
def check(
    target: Target = None,
    shapes: Shapes = None,
    inputs: Inputs = None,
    dtype: Dtype = None,
    settings: ClassSettings = None,
    input_shape: InputShape = None,
    examples: Examples = None,
    data: Data = None,
    order: Order = 1,
    exact: Exact = False,
    sensitivity: Sensitivity = None,
    tolerance: Tolerance = None,
    every_entry: EveryEntry = False,
    reference: Reference = "differences",
    points: Points = "given",
    budget: Budget = None,
    surrogate: Surrogates = None,
    tangent: Tangents = None,
    constant: Constants = None,
    seed: Seed = 0,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the errors as a picture.")] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
    lesson: Annotated[
        str | None,
        typer.Option("--break", metavar="LESSON", help="See a mistake being made and found; 'list' lists them."),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Say what the name of a mistake means; 'list' lists them."),
    ] = None,
) -> None:
    """Compare the gradient by backward with finite differences, and name what is wrong.

    You need choose no tolerance: each number is judged by the error bar of its
    own difference. The table says of each array whether its gradient is
    right, approximate or wrong, how far it is off, and the least error that
    would have been seen; where that is too much, it "cannot tell".

    [bold]inkgrad check mine.py:Swish --shape 4x7[/]
    a torch.nn.Module, a torch.autograd.Function, a jax.custom_vjp, or a
    function of PyTorch or JAX, at random numbers; this runs mine.py, so look
    into a file of somebody else's before

    [bold]inkgrad check mine.py:forward,backward --shape 4x7 --shape 7[/]
    two functions of NumPy, backward(dy, x, b) or, where forward gives one
    number, backward(x, b); --shape 4x8:int10 is for integers from 0 to 9

    [bold]inkgrad check mine.py:Scale --set n=4 --input-shape 4[/]
    your own layer Scale(n=4), derived from that of inkgrad; a model that
    inkgrad train wrote needs no more than its name

    [bold]inkgrad check mine.py:Block --shape 4x64 --points awkward --budget 60[/]
    look also where mistakes hide, at zeros, ties and repeated indices, but for
    no longer than a minute

    Exit status: 0 the gradient is right, 1 it is wrong, 2 it cannot be told, or
    not be checked. A lesson, with --break, ends with 0 when the mistake was found.
    """
    if explain is not None:
        return list_mistakes() if explain == "list" else show_mistake(explain)
    if plot:
        refuse_same(plot, [Path(each.rpartition(":")[0] or each) for each in (target, inputs) if each])
        refuse_unwritable(plot)
    if lesson == "list" and plot:
        raise SettingError("--plot draws one lesson: name it in the place of list")
    if lesson is not None:
        return list_lessons() if lesson == "list" else show_lesson(lesson, plot)
    if target is None:
        raise SettingError("what is to be checked? A model file, FILE.py:NAME, or a lesson: inkgrad check --help")
    with waiting(f"checking {target}") as tell:
        checked = examine(
            Request(
                target,
                input_shape=input_shape,
                shapes=shapes,
                inputs=inputs,
                dtype=dtype,
                settings=settings,
                examples=examples,
                data=data,
                seed=seed,
                order=order,
                exact=exact,
                sensitivity=sensitivity,
                tolerance=tolerance,
                every_entry=every_entry,
                reference=reference,
                points=points,
                budget=budget,
                progress=tell,
                surrogate=surrogate,
                tangent=tangent,
                constant=constant,
            )
        )
    if is_json:
        print(as_json(checked.report))
    else:
        show_report(checked)
    if plot:
        checked.report.plot(plot)
        say(f"the picture is in {plot}")
    raise typer.Exit(STATUS[checked.report.verdict])
