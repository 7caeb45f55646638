"""Parsed: an ONNX file as plain nodes and arrays; nothing of it is believed.

Its parts are counted before memory is taken for them: two bytes can make an empty node, which takes some 150 in
memory, so a file of 20 MB may need 3 GB.  A file of Protocol Buffers is made of fields; each is a key, which holds its
number and its kind, and a value: https://protobuf.dev/programming-guides/encoding.  The numbers of the fields are
those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from math import prod
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import ModelFileError
from inkgrad.extras import extra
from inkgrad.interop.onnx.sketch import Node
from inkgrad.models.header import MOST_AXES, MOST_NUMBERS
from inkgrad.saving import one_line, quoted

OPSETS = range(7, 29)  # 7 brought today's broadcasting; the rules of those after 28 are not known yet
TENSOR_TYPES = {  # by TensorProto.DataType: the type, and the field that holds the numbers, unless raw_data does
    1: ("float32", "float_data"),
    6: ("int32", "int32_data"),
    7: ("int64", "int64_data"),
    11: ("float64", "double_data"),
}
INPUT_TYPES = {1: "float32", 2: "uint8", 11: "float64"}  # what a graph may take


@dataclass(frozen=True)
class GraphLimits:
    """The most that is read of an ONNX file.

    fields           of all messages in the file
    whole_numbers    of a node's setting
    composite_nodes  that make one activation together
    labels           that are made up where the file has none
    """

    fields: int = 100_000
    whole_numbers: int = 16
    composite_nodes: int = 12
    labels: int = 100_000


GRAPH_LIMITS = GraphLimits()


@dataclass(frozen=True)
class Graph:
    """What an ONNX file computes: nodes in an order in which they can be computed, and arrays by name."""

    nodes: list[Node]
    arrays: dict[str, NDArray]
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

    _refuse_too_many_parts(raw)
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


def _numbers(tensor: Any) -> NDArray:
    """Return the numbers of a tensor, which must be as many as it says."""
    name = quoted(tensor.name)
    if tensor.data_type not in TENSOR_TYPES:
        raise ModelFileError(
            f"its array {name} is of ONNX's type {tensor.data_type}; those read are float32 (1), float64 (11), "
            "int32 (6) and int64 (7)"
        )
    kind, numbers = TENSOR_TYPES[tensor.data_type]
    if tensor.data_location:
        raise ModelFileError(f"its array {name} lies in another file, which is not read: export it as one file")
    shape = tuple(tensor.dims)
    if len(shape) > MOST_AXES or min(shape, default=1) < 0:
        raise ModelFileError(f"its array {name} has the shape {quoted(shape)}")
    held = tensor.raw_data or getattr(tensor, numbers)
    n_bytes = len(held) if tensor.raw_data else len(held) * np.dtype(kind).itemsize
    if n_bytes != prod(shape) * np.dtype(kind).itemsize:
        raise ModelFileError(f"its array {name} has the shape {quoted(shape)}, but {n_bytes} bytes of {kind}")
    if not n_bytes and prod(max(n, 1) for n in shape) > MOST_NUMBERS:  # which NumPy minds even beside a zero
        raise ModelFileError(f"its array {name} has the shape {quoted(shape)}: export it again")
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
        if not np.isfinite(attribute.f):
            raise ModelFileError("it holds NaN or infinity in a node's setting")
        return float(str(np.float32(attribute.f)))  # with the fewest digits in float32: 0.1, not 0.10000000149011612
    if kind == 2:
        return attribute.i
    if kind == 3:
        return attribute.s.decode("utf-8", "replace")
    if kind == 4:
        return _numbers(attribute.t)
    if kind == 7 and len(attribute.ints) <= GRAPH_LIMITS.whole_numbers:
        return list(attribute.ints)
    raise ModelFileError(f"its setting {quoted(attribute.name)} is of a kind that no layer here has")


def _input(value: Any) -> tuple[str, tuple[int, ...]]:
    """Return the type of the input's numbers and the shape of one example."""
    name, tensor = quoted(value.name), value.type.tensor_type
    kind = INPUT_TYPES.get(tensor.elem_type)
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


# How many parts a file has, before memory is taken for them.


@dataclass(frozen=True)
class Message:
    """A kind of message: the messages inside it by the number of their field, and fields that are refused."""

    inside: Mapping[int, Message] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)


class WireType(IntEnum):
    """Kinds of values in a message of Protocol Buffers."""

    VARINT = 0
    EIGHT_BYTES = 1
    BYTES = 2
    FOUR_BYTES = 5


@cache
def _schema() -> Message:
    """Return what an ONNX file is made of, with the numbers that its fields have in onnx.proto."""
    texts = Message()
    tensor = Message({16: texts}, {3: "a part of a tensor", 13: "numbers in another file"})
    strange = "a graph, a type, a list of tensors or sparse numbers inside a node"
    attribute = Message({5: tensor}, dict.fromkeys((6, 10, 11, 14, 15, 22, 23), strange))
    node = Message({5: attribute, 9: texts}, {10: "a plan for several devices"})
    shape = Message({1: texts})
    array = Message({1: Message({2: shape})}, dict.fromkeys((4, 5, 7, 8, 9), "values that are not arrays"))
    value = Message({2: array, 4: texts})
    graph = Message({1: node, 5: tensor, 11: value, 12: value, 13: value, 14: texts, 16: texts}, {15: "sparse numbers"})
    return Message({7: graph, 8: texts, 14: texts, 26: texts}, {20: "a training", 25: "functions of its own"})


def _refuse_too_many_parts(raw: bytes) -> None:
    """Raise ModelFileError where an ONNX file is damaged, has too many parts, or some that no layer here has."""
    todo, n = [(_schema(), 0, len(raw))], 0
    while todo:
        kind, start, end = todo.pop()
        for number, value, after in _fields(raw, start, end):
            n += 1
            if n > GRAPH_LIMITS.fields:
                raise ModelFileError(f"it has more than {GRAPH_LIMITS.fields} parts")
            if number in kind.refused:
                raise ModelFileError(f"it has {kind.refused[number]}, which is not read here")
            if number in kind.inside and value < after:
                todo.append((kind.inside[number], value, after))


def _fields(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number of each field in raw[start:end], and where its bytes begin and end; of numbers, none."""
    while start < end:
        key, start = _varint(raw, start, end)
        kind = key & 7
        if kind == WireType.VARINT:
            _, after = _varint(raw, start, end)
            value = after
        elif kind == WireType.BYTES:
            length, value = _varint(raw, start, end)
            after = value + length
        elif kind in (WireType.EIGHT_BYTES, WireType.FOUR_BYTES):
            value = after = start + (8 if kind == WireType.EIGHT_BYTES else 4)
        else:
            raise ModelFileError("it is damaged, or no ONNX file")
        if after > end:
            raise ModelFileError("it is damaged or cut off, or no ONNX file")
        yield key >> 3, value, after
        start = after


def _varint(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the number that is written from `start` on, seven bits a byte, and where it ends."""
    number = 0
    for i in range(10):
        if start + i >= end:
            break
        number |= (raw[start + i] & 127) << (7 * i)
        if raw[start + i] < 128:
            return number, start + i + 1
    raise ModelFileError("it is damaged, or no ONNX file")
