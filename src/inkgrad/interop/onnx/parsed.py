"""Parsed: an ONNX file as plain nodes and arrays; nothing of it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import ModelFileError
from inkgrad.extras import extra
from inkgrad.interop.onnx.protobuf import refuse_too_many_parts
from inkgrad.interop.onnx.sketch import Node
from inkgrad.models.header import MOST_AXES, MOST_NUMBERS
from inkgrad.saving import one_line, quoted

OPSETS = range(7, 29)  # 7 brought today's broadcasting; the rules of those after 28 are not known yet
TYPES = {1: "float32", 11: "float64", 6: "int32", 7: "int64"}  # TensorProto.DataType
FIELDS = {"float32": "float_data", "float64": "double_data", "int32": "int32_data", "int64": "int64_data"}
BYTES_OR_FLOATS = {1: "float32", 2: "uint8", 11: "float64"}  # what a graph may take
MOST_WHOLE_NUMBERS = 16  # of a node's setting


@dataclass(frozen=True)
class Graph:
    """What an ONNX file computes: nodes in an order in which they can be computed, and arrays by name."""

    nodes: list[Node]
    arrays: dict[str, Array]
    input: str
    input_type: str
    input_shape: tuple[int, ...]  # of one example, as the file has it
    outputs: list[str]
    metadata: dict[str, str]
    opset: int


def parse(raw: bytes) -> Graph:
    """Return the graph in the bytes of an ONNX file; no other file is looked at, whatever it says.

    The memory is in proportion to the file: numbers are taken only as they are there.

    Raises ModelFileError, saying why, for what is damaged or beyond what networks of layers need;
    SettingError when the package onnx is not installed.
    """
    with extra("onnx", "ONNX files need"):
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    refuse_too_many_parts(raw)
    try:
        model = onnx.ModelProto.FromString(raw)
    except (DecodeError, ValueError) as error:
        raise ModelFileError(f"it is damaged, or no ONNX file ({one_line(error)})") from None
    opset = _opset(model)
    graph = model.graph
    arrays = {tensor.name: _numbers(tensor) for tensor in graph.initializer}
    if len(arrays) < len(graph.initializer):
        raise ModelFileError("it has two arrays of the same name")
    inputs = [each for each in graph.input if each.name not in arrays]
    if len(inputs) != 1:
        raise ModelFileError(f"it takes {len(inputs)} inputs; networks here take one")
    every = [_as_node(node) for node in graph.node]
    nodes = [node for node in every if node.op != "Constant"]
    _refuse_disorder(every, {*arrays, *(each.name for each in graph.input)})
    for node in every:
        if node.op == "Constant":
            (arrays[node.outputs[0]],) = (np.asarray(value) for value in node.settings.values())
    kind, shape = _input(inputs[0])
    outputs = [each.name for each in graph.output]
    metadata = {each.key: each.value for each in model.metadata_props}
    return Graph(nodes, arrays, inputs[0].name, kind, shape, outputs, metadata, opset)


def _opset(model: Any) -> int:
    versions = {each.domain: each.version for each in model.opset_import}
    opset = int(versions.get("", versions.get("ai.onnx", 0)))
    if not opset:
        raise ModelFileError("it is damaged, or no ONNX file: it names no opset")
    if opset not in OPSETS:
        raise ModelFileError(
            f"it is in opset {opset} of ONNX; those from {OPSETS[0]} to {OPSETS[-1]} are read: export it in another"
        )
    return opset


def _numbers(tensor: Any) -> Array:
    """Return the numbers of a tensor, which must be as many as it says."""
    name, kind = quoted(tensor.name), TYPES.get(tensor.data_type)
    if kind is None:
        raise ModelFileError(
            f"its array {name} is of ONNX's type {tensor.data_type}; those read are float32 (1), float64 (11), "
            "int32 (6) and int64 (7)"
        )
    if tensor.data_location:
        raise ModelFileError(f"its array {name} lies in another file, which is not read: export it as one file")
    shape = tuple(tensor.dims)
    if len(shape) > MOST_AXES or min(shape, default=1) < 0:
        raise ModelFileError(f"its array {name} has the shape {quoted(shape)}")
    held = tensor.raw_data or getattr(tensor, FIELDS[kind])
    n_bytes = len(held) if tensor.raw_data else len(held) * np.dtype(kind).itemsize
    if n_bytes != prod(shape) * np.dtype(kind).itemsize:
        raise ModelFileError(f"its array {name} has the shape {quoted(shape)}, but {n_bytes} bytes of {kind}")
    little = np.dtype(kind).newbyteorder("<")
    flat = np.frombuffer(held, little).astype(kind) if tensor.raw_data else np.fromiter(held, kind, len(held))
    if not np.isfinite(flat).all():
        raise ModelFileError(f"it holds NaN or infinity in {name}: train again")
    return flat.reshape(shape)


def _as_node(node: Any) -> Node:
    if node.domain not in ("", "ai.onnx"):
        raise ModelFileError(f"its node {quoted(node.name)} is not of ONNX itself, but of {quoted(node.domain)}")
    settings = {each.name: _setting(each) for each in node.attribute}
    found = Node(one_line(node.op_type), tuple(node.input), tuple(node.output), settings, one_line(node.name))
    if not found.outputs or not found.outputs[0] or (found.op == "Constant" and len(settings) != 1):
        raise ModelFileError(f"its node {found} makes nothing")
    return found


def _setting(attribute: Any) -> Any:
    """Return the value of an attribute: a number, a text, whole numbers, or an array."""
    kind = attribute.type  # AttributeProto.AttributeType
    if kind == 1:
        return _short(attribute.f)
    if kind == 2:
        return attribute.i
    if kind == 3:
        return attribute.s.decode("utf-8", "replace")
    if kind == 4:
        return _numbers(attribute.t)
    if kind == 7 and len(attribute.ints) <= MOST_WHOLE_NUMBERS:
        return list(attribute.ints)
    raise ModelFileError(f"its setting {quoted(attribute.name)} is of a kind that no layer here has")


def _short(number: float) -> float:
    """Return the float with the fewest digits that is this one in float32: 0.1, not 0.10000000149011612."""
    if not np.isfinite(number):
        raise ModelFileError("it holds NaN or infinity in a node's setting")
    return float(str(np.float32(number)))


def _input(value: Any) -> tuple[str, tuple[int, ...]]:
    """Return the type of the input's numbers and the shape of one example."""
    name, tensor = quoted(value.name), value.type.tensor_type
    kind = BYTES_OR_FLOATS.get(tensor.elem_type)
    if kind is None:
        raise ModelFileError(f"its input {name} is of type {tensor.elem_type}; float32, float64 and uint8 are read")
    sizes = [each.dim_value for each in tensor.shape.dim]
    if len(sizes) < 2:
        raise ModelFileError(f"its input {name} should have an axis for the batch and others, got {len(sizes)} axes")
    shape = tuple(sizes[1:])
    if min(shape) < 1 or len(shape) > MOST_AXES or prod(shape) > MOST_NUMBERS:
        raise ModelFileError(f"its input {name} should have a size on every axis but the first, got {quoted(sizes)}")
    return kind, shape


def _refuse_disorder(nodes: list[Node], given: set[str]) -> None:
    """Raise ModelFileError where a value is made twice, or taken before it is made: so there are no circles."""
    made = given | {""}  # an input that is left out
    for node in nodes:
        missing = next((name for name in node.inputs if name not in made), None)
        if missing is not None:
            raise ModelFileError(f"its node {node} takes {quoted(missing)}, which nothing before it makes")
        for name in filter(None, node.outputs):
            if name in made:
                raise ModelFileError(f"its node {node} makes {quoted(name)}, which is there already")
            made.add(name)
