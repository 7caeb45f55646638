"""JSON: a model as text, for people who want to read its numbers, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.costs import Cost
from inkgrad.errors import InkgradError, ModelFileError, SettingError
from inkgrad.interop.model_header import parts_of
from inkgrad.interop.whole_file import read_file
from inkgrad.layers import Chain, Layer
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.saving import Kind, one_line, quoted
from inkgrad.saving.strict_json import strict_json

__all__ = ["from_json", "to_json"]

JSON = Kind("inkgrad json")
MOST_PARAMETERS = 10_000_000  # some 120 MB of text
MOST_BYTES = 300_000_000
MOST_MARKS = 21_000_000  # commas and brackets; a list of lists takes 20 times the memory of its text
DTYPES = ("float32", "float64")


def to_json(model: Model) -> str:
    """Return a model as JSON, a row of numbers a line.

    "labels", "input_shape", "network", "cost", "preprocessing" and "card" are as in model files; "layers" lists the
    layers in words, with the shape of what each gives and of its parameters; "parameters" has each under its path
    ("1.W") as nested lists, with as many digits as tell it from every other number of its "dtype".

    Raises SettingError for more than 10 million parameters; ModelFileError for layers whose settings cannot be
    described.
    """
    if model.theta.size > MOST_PARAMETERS:
        raise SettingError(f"JSON is for up to {MOST_PARAMETERS:,} parameters, and this model has {model.theta.size:,}")
    header = JSON.marked(model.header())
    header["layers"] = list(_told(model.network, model.input_shape, ""))
    header["dtype"] = str(model.theta.dtype)
    lines = [f" {json.dumps(name)}: {_header_value(value)}" for name, value in header.items()]
    parts = model.objective.layout.parts(model.theta)
    rows = [f"  {json.dumps(path)}: {_rows(array)}" for path, array in parts.items()]
    return "{\n" + ",\n".join(lines) + ',\n "parameters": {\n' + ",\n".join(rows) + "\n }\n}\n"


def _header_value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"  {json.dumps(each)}" for each in value) + "\n ]"
    return json.dumps(value, allow_nan=False)


def _told(layer: Layer, shape: tuple[int, ...], path: str) -> Iterator[dict[str, Any]]:
    """Yield each layer in words, those of a chain one by one."""
    if isinstance(layer, Chain):
        for name, inner in layer.named():
            yield from _told(inner, shape, f"{path}.{name}".lstrip("."))
            shape = inner.output_shape(shape)
        return
    parameters = {name: list(place[1]) for name, place in Layout(layer.shapes()).places.items()}
    yield {"path": path, "layer": str(layer), "gives": list(layer.output_shape(shape)), "parameters": parameters}


def _rows(array: Array, depth: int = 3) -> str:
    """Return nested lists, the last axis on one line; of each number as few digits as tell it from its neighbours."""
    if array.ndim < 2:
        return "[" + ", ".join(map(str, array.astype(str).tolist())) + "]"
    inside = (",\n" + " " * depth).join(_rows(each, depth + 1) for each in array)
    return f"[\n{' ' * depth}{inside}\n{' ' * (depth - 1)}]"


def from_json(
    source: str | os.PathLike[str] | bytes,
    layers: Iterable[type[Layer]] = (),
    costs: Iterable[type[Cost]] = (),
) -> Model:
    """Return the model in a JSON file that to_json made, or in its bytes.

    `layers` and `costs` are your own classes that it may be made of.

    Raises ModelFileError, naming the file, when it is not JSON or no sound model; OSError when it cannot be read.
    """
    name, raw = ("the file", source) if isinstance(source, bytes) else (str(source), read_file(source, MOST_BYTES))
    try:
        return _model(raw, layers, costs)
    except (InkgradError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise ModelFileError(f"{name} is not a model this library can use: {one_line(error, 600)}") from error


def _model(raw: bytes, layers: Iterable[type[Layer]], costs: Iterable[type[Cost]]) -> Model:
    if sum(map(raw.count, (b",", b"[", b"{"))) > MOST_MARKS:
        raise ModelFileError(f"it has more parts than a model of {MOST_PARAMETERS:,} parameters")
    try:
        told = strict_json(raw)
    except ValueError as error:
        raise ModelFileError(f"it is not JSON ({one_line(error)})") from error
    if not isinstance(told, dict):
        raise ModelFileError(f"it should be a JSON object, got {quoted(told)}")
    parts = parts_of(told, JSON, layers, costs)
    held, dtype = told.get("parameters"), told.get("dtype")
    if dtype not in DTYPES or not isinstance(held, dict):
        raise ModelFileError(
            f"it should have parameters by path and a dtype of {' or '.join(DTYPES)}, got {quoted(dtype)}"
        )
    layout = Layout(parts.network.shapes())
    if set(held) != set(layout.places):
        raise ModelFileError(f"its network has parameters {quoted([*layout.places])}, but it holds {quoted([*held])}")
    with np.errstate(over="ignore"):  # what becomes infinite is refused
        arrays = [_numbers(path, held[path], shape).astype(dtype).ravel() for path, (_, shape) in layout.places.items()]
    theta = np.concatenate(arrays or [np.zeros(0, dtype)])
    return Model(parts.network, parts.cost, theta, parts.labels, parts.input_shape, card=parts.card)


def _numbers(path: str, lists: Any, shape: tuple[int, ...]) -> Array:
    try:
        array = np.array(lists)
    except ValueError:
        raise ModelFileError(f"its {path} should be nested lists of the shape {shape}") from None
    if array.shape != shape or array.dtype.kind not in "fi":
        raise ModelFileError(f"its {path} should be numbers of the shape {shape}, got {array.dtype} of {array.shape}")
    return array.astype(np.float64)
