"""JSON: a model as text, for people who want to read its numbers, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost
from inkgrad.errors import InkgradError, ModelFileError, SettingError
from inkgrad.layers import Layer, leaves
from inkgrad.layers.chain import Leaf
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.models.header import read_parts
from inkgrad.saving import FileKind, one_line, quoted, read_file, strict_json

__all__ = ["from_json", "to_json"]

JSON_KIND = FileKind("inkgrad json")


@dataclass(frozen=True)
class JsonLimits:
    """The most that a JSON file holds.

    parameters  of a model, some 120 MB of text
    n_bytes     of a file that is read
    marks       commas and brackets in it; a list of lists takes 20 times the memory of its text
    """

    parameters: int = 10_000_000
    n_bytes: int = 300_000_000
    marks: int = 21_000_000


JSON_LIMITS = JsonLimits()


def to_json(model: Model) -> str:
    """Return a model as JSON, a row of numbers a line.

    "labels", "input_shape", "network", "cost", "preprocessing" and "card" are as in model files; "layers" lists the
    layers in words, with the shape of what each gives and of its parameters; "parameters" has each under its path
    ("1.W") as nested lists, with as many digits as tell it from every other number of its "dtype".

    Raises SettingError for more than 10 million parameters; ModelFileError for layers whose settings cannot be
    described.
    """
    if model.theta.size > JSON_LIMITS.parameters:
        raise SettingError(
            f"JSON is for up to {JSON_LIMITS.parameters:,} parameters, and this model has {model.theta.size:,}"
        )
    header = JSON_KIND.marked(model.header())
    header["layers"] = [_told(each) for each in leaves(model.network, model.input_shape)]
    header["dtype"] = str(model.theta.dtype)
    lines = [f" {json.dumps(name)}: {_header_value(value)}" for name, value in header.items()]
    parts = model.objective.layout.parts(model.theta)
    rows = [f"  {json.dumps(path)}: {_rows(array)}" for path, array in parts.items()]
    return "{\n" + ",\n".join(lines) + ',\n "parameters": {\n' + ",\n".join(rows) + "\n }\n}\n"


def _header_value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"  {json.dumps(each)}" for each in value) + "\n ]"
    return json.dumps(value, allow_nan=False)


def _told(leaf: Leaf) -> dict[str, Any]:
    """Return a layer in words."""
    parameters = {name: list(shape) for name, shape in leaf.parameters.items()}
    return {
        "path": leaf.path,
        "layer": str(leaf.layer),
        "gives": list(leaf.output_shape or ()),
        "parameters": parameters,
    }


def _rows(array: NDArray, depth: int = 3) -> str:
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
    name, raw = (
        ("the file", source) if isinstance(source, bytes) else (str(source), read_file(source, JSON_LIMITS.n_bytes))
    )
    try:
        return _model(raw, layers, costs)
    except (InkgradError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise ModelFileError(f"{name} is not a model this library can use: {one_line(error, 600)}") from error


def _model(raw: bytes, layers: Iterable[type[Layer]], costs: Iterable[type[Cost]]) -> Model:
    if sum(map(raw.count, (b",", b"[", b"{"))) > JSON_LIMITS.marks:
        raise ModelFileError(f"it has more parts than a model of {JSON_LIMITS.parameters:,} parameters")
    try:
        told = strict_json(raw)
    except ValueError as error:
        raise ModelFileError(f"it is not JSON ({one_line(error)})") from error
    if not isinstance(told, dict):
        raise ModelFileError(f"it should be a JSON object, got {quoted(told)}")
    parts = read_parts(JSON_KIND.today(told), layers, costs)
    held, dtype = told.get("parameters"), told.get("dtype")
    if dtype not in ("float32", "float64") or not isinstance(held, dict):
        raise ModelFileError(
            f"it should have parameters by path and a dtype of float32 or float64, got {quoted(dtype)}"
        )
    layout = Layout(parts.network.shapes())
    if set(held) != set(layout.places):
        raise ModelFileError(f"its network has parameters {quoted([*layout.places])}, but it holds {quoted([*held])}")
    with np.errstate(over="ignore"):  # what becomes infinite is refused
        arrays = [_numbers(path, held[path], shape).astype(dtype).ravel() for path, (_, shape) in layout.places.items()]
    theta = np.concatenate(arrays or [np.zeros(0, dtype)])
    return Model(parts.network, parts.cost, theta, parts.labels, parts.input_shape, card=parts.card)


def _numbers(path: str, lists: Any, shape: tuple[int, ...]) -> NDArray:
    try:
        array = np.array(lists)
    except ValueError:
        raise ModelFileError(f"its {path} should be nested lists of the shape {shape}") from None
    if array.shape != shape or array.dtype.kind not in "fi":
        raise ModelFileError(f"its {path} should be numbers of the shape {shape}, got {array.dtype} of {array.shape}")
    return array.astype(np.float64)
