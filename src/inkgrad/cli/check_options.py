"""Options of `inkgrad check` and `inkgrad plot check`: what is checked, at which inputs, how strictly."""

from __future__ import annotations

from typing import Annotated

import typer

from inkgrad.cli.targets import SIZES
from inkgrad.models import MODELS

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="TARGET",
        help=f"A model file, a named network ({', '.join(MODELS)}), FILE.py:NAME, something of yours, or "
        "FILE.py:FORWARD,BACKWARD.",
    ),
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(
        "--shape",
        metavar="SHAPE",
        help="Shape of an argument of your function, one for each: 4x7, scalar, 4x8:int10, 4x7:bool, 4x7:positive.",
    ),
]
Inputs = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py:NAME", help="A function of yours that makes the tuple of inputs, or a dict of them by name."
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE",
        help="float64, float32, float16 or bfloat16, of random inputs and of a module. Without it: a module's own, "
        "what JAX has, or float64.",
    ),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        metavar="SHAPE", help="Shape of one input of a layer of inkgrad: 4, or 28x28x1. For a cost: its outputs."
    ),
]
Examples = Annotated[
    int | None,
    typer.Option(help=f"Examples in the batch; {SIZES.n_examples} for a layer, {SIZES.n_digits} for a network."),
]
Order = Annotated[int, typer.Option(metavar="1|2", help="2 checks the gradient of the gradient.")]
Exact = Annotated[
    bool, typer.Option("--exact", help="Call wrong what is only approximate, such as a series cut short.")
]
Sensitivity = Annotated[
    float | None,
    typer.Option(
        metavar="PART", help="The error that must have been seen for a gradient to be right; 0.001 of it by default."
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        metavar="PART", help="What is off by less, and like no known mistake, is approximate; 0.0001 by default."
    ),
]
Reference = Annotated[
    str,
    typer.Option(
        metavar="WAY",
        help="What to compare with: differences, or forward, what PyTorch or JAX derive from your own forward, where "
        "differences agree with it.",
    ),
]
Points = Annotated[
    str,
    typer.Option(
        metavar="WHICH",
        help="given, or awkward: also where numbers are 0, equal, whole or large, and where indices repeat.",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="Stop after so many seconds; of what was not looked at by then it cannot tell."
    ),
]
EveryEntry = Annotated[
    bool,
    typer.Option(
        "--every-entry", help="Judge each number by itself, also in large arrays, not along random directions."
    ),
]
Surrogates = Annotated[
    list[str] | None,
    typer.Option(
        "--surrogate",
        metavar="NAME=RULE",
        help="A gradient that is meant to be another than the derivative: x=straight-through, or x=0.5 for a factor.",
    ),
]
Tangents = Annotated[
    list[str] | None,
    typer.Option(
        "--tangent",
        metavar="NAME=symmetric",
        help="An array of symmetric matrices, which moves in symmetric steps only: of its gradient only that part "
        "counts.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--constant",
        metavar="NAME=NUMBER",
        help="A number of your own, such as beta=0.5: a wrong factor that comes from it is called so.",
    ),
]
