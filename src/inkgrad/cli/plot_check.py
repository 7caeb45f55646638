"""`inkgrad plot check`: the gradient check as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkgrad import plots
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
    Tolerance,
)
from inkgrad.cli.options import ClassSettings, Data, Seed
from inkgrad.cli.pictures import picture, place_of, save, without_ending
from inkgrad.cli.shown_report import STATUS
from inkgrad.cli.targets import Request, examine
from inkgrad.cli.terminal import waiting


def plot_check(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="What inkgrad check can check, by the same name.")],
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
    out: Annotated[Path | None, picture("TARGET.check.png")] = None,
) -> None:
    """The gradient check as a heat map: each error in units of its error bar.

    Of arrays that are judged along directions it shows the error of each,
    beside the smallest error that would have been seen.

    Exit status: 0 the gradient is right, 1 it is wrong, 2 it cannot be told, or not be checked.
    """
    source = Path(target.replace(".py:", "."))
    checked = [Path(each.rpartition(":")[0] or each) for each in (target, inputs) if each]
    place = place_of(out, source.parent / f"{without_ending(source)}.check.png", checked)
    with waiting(f"checking {target}") as tell:
        report = examine(
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
                surrogate=surrogate,
                tangent=tangent,
                constant=constant,
                progress=tell,
            )
        ).report
    save(plots.gradient_check(report), place, f"{report.summary}; the picture is")
    raise typer.Exit(STATUS[report.verdict])
