"""Layers and costs of ours that the user has written."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check import CheckError, Report, check_cost, check_layer
from inkgrad.cli.targets.made_inputs import made_inputs
from inkgrad.cli.targets.own_file import OwnFile, theirs
from inkgrad.cli.targets.request import OF_FUNCTIONS, SIZES, Request
from inkgrad.costs import Cost
from inkgrad.errors import SettingError
from inkgrad.layers import Layer

Own = (Layer, Cost)
NOT_OURS = f"{OF_FUNCTIONS} dtype"


def made(thing: Any, file: OwnFile, name: str, settings: dict[str, Any]) -> Any:
    """Return a class made with its settings, or what is made already."""
    if not isinstance(thing, type):
        if settings:
            raise SettingError(f"{name} in {file.path} is made already: leave --set out")
        return thing
    call = f"{name}({', '.join(f'{key}={value!r}' for key, value in settings.items())})"
    with theirs(call):
        return thing(**settings)


def report_of_own_layer(request: Request, file: OwnFile, layer: Layer | Cost) -> Report:
    """Return the report of a layer or a cost, at inputs of the user's or at random ones."""
    request.refuse(
        NOT_OURS, f"{{}} is for functions of PyTorch, JAX and NumPy; {layer} is a layer or cost: leave it out"
    )
    if isinstance(layer, Cost):
        request.refuse("every_entry", f"{{}} is for functions, layers and networks; {layer} is a cost: leave it out")
    request.refuse("shapes", f"{{}} is for functions; {layer} takes --input-shape, the shape of one input, such as 4")
    if request.inputs is not None:
        given, _ = made_inputs(request.inputs, file)
        takes = "a batch x" if isinstance(layer, Layer) else "outputs y and targets t"
        if len(given) != 2 - isinstance(layer, Layer):
            raise SettingError(f"{layer} takes {takes}, but {request.inputs} gives {len(given)} inputs")
        if isinstance(layer, Layer):
            return _report_of_layer(layer, request, given[0])
        return check_cost(layer, given[0], given[1], raises=False)
    rng = np.random.default_rng(request.seed)
    if isinstance(layer, Cost):
        return _report_of_cost(layer, request, rng)
    x = rng.normal(size=(request.examples or SIZES.n_examples, *_input_shape(layer, request)))
    return _report_of_layer(layer, request, x)


def _report_of_layer(layer: Layer, request: Request, x: Any) -> Report:
    every_entry = True if request.every_entry else None  # else the check chooses
    return check_layer(layer, x, every_entry=every_entry, seed=request.seed, raises=False)


def _input_shape(layer: Layer, request: Request) -> tuple[int, ...]:
    """Return the shape of one input: the one that is given, or that the layer itself says."""
    with theirs(str(layer)):
        shape = _parsed(request.input_shape) if request.input_shape else layer.input_shape()
        if shape is None:
            raise SettingError(f"{layer} takes inputs of which shape? Say it: --input-shape 4, or 28x28x1 for images")
        layer.output_shape(shape)  # refuses another
    return shape


def _parsed(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d{0,8}(x[1-9]\d{0,8})*", text):
        raise SettingError(f"--input-shape takes the shape of one input, such as 4 or 28x28x1, got {text!r}")
    return tuple(map(int, text.split("x")))


def _report_of_cost(cost: Cost, request: Request, rng: np.random.Generator) -> Report:
    """Check a cost at random outputs, with a label for each example: as a row of 0 and 1, or as a number."""
    shape = _parsed(request.input_shape) if request.input_shape else (SIZES.n_outputs,)
    if len(shape) != 1:
        raise SettingError(
            f"a cost takes a row of outputs, such as --input-shape {SIZES.n_outputs}, got {request.input_shape}"
        )
    n = request.examples or SIZES.n_examples
    y, labels = rng.uniform(0.05, 0.95, size=(n, *shape)), rng.integers(shape[0], size=n)
    rows: NDArray = np.eye(shape[0])[labels]
    try:
        return check_cost(cost, y, rows, raises=False)
    except CheckError as error:
        try:
            return check_cost(cost, y, labels, raises=False)
        except CheckError:
            raise error from None
