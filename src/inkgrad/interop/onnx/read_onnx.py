"""from_onnx: the model in an ONNX file, read off its graph."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.errors import InkgradError, ModelFileError
from inkgrad.interop.onnx.graph_reader import Found, GraphReader, no_layer
from inkgrad.interop.onnx.parsed import GRAPH_LIMITS, parse
from inkgrad.interop.onnx.readings import READINGS
from inkgrad.interop.onnx.sketch import INPUT, Node, Sketch
from inkgrad.interop.onnx.translations import draw
from inkgrad.interop.onnx.write_onnx import ONNX_KIND
from inkgrad.layers import GELU, Chain, Conv2D, Dropout, Layer, Noise, Sigmoid, SiLU, Softmax, leaves
from inkgrad.layout import Named
from inkgrad.models import Card, Model
from inkgrad.models.header import Parts, read_parts
from inkgrad.saving import METADATA_KEY, one_line, quoted, read_file, strict_json

Formula = Any  # "x", a number as text, or an operation and the formulas that it takes


def from_onnx(
    source: str | os.PathLike[str] | bytes,
    layers: Iterable[type[Layer]] = (),
    costs: Iterable[type[Cost]] = (),
) -> Model:
    """Return the model in an ONNX file, or in its bytes, if its graph is a line of inkgrad's layers.

    The layers and their parameters are read off the graph.  The metadata of to_onnx add what a graph does not
    say: labels, the cost, how chains lie in chains, Dropout; a file whose metadata tell of another network
    than its graph is refused.  Without them, as in files of other programs, the labels are "0", "1", ..., and
    the cost is SoftmaxCrossEntropy, whose Softmax at the end is not a layer; CrossEntropy after a Sigmoid.
    Images (N, channels, height, width), as other programs have them, become (N, height, width, channels).

    `costs` are your own classes that the metadata may name; `layers` those of your own layers, which a graph
    cannot be made of.

    Raises ModelFileError, naming the file, when it is damaged or of parts that no layer here has; SettingError
    when the package onnx is not installed; OSError when the file cannot be read.
    """
    name, raw = ("the file", source) if isinstance(source, bytes) else (str(source), read_file(source))
    try:
        return _model(raw, layers, costs)
    except ModelFileError as error:
        raise ModelFileError(f"{name} is not a model this library can use: {one_line(error, 600)}") from error


def _model(raw: bytes, layers: Iterable[type[Layer]], costs: Iterable[type[Cost]]) -> Model:
    graph = parse(raw)
    try:
        reader = _walked(GraphReader(graph))
        header = _header(graph.metadata)
        parts = _guessed(reader) if header is None else read_parts(ONNX_KIND.today(header), layers, costs)
        found = _without_softmax(reader, parts.cost, header is not None)
        if header is None:
            network: Layer = Chain(tuple(layer for layer, _ in found))
        else:
            network = parts.network
            _refuse_other(network, found)
        arrays = [array.ravel() for _, arrays in found for array in arrays]
        if len({array.dtype for array in arrays}) > 1:
            raise ModelFileError("its parameters are of several types; they should be all alike")
        theta = np.concatenate(arrays or [np.zeros(0, np.float32)])
        if reader.input_shape != parts.input_shape:
            raise ModelFileError(
                f"its graph takes inputs of shape {reader.input_shape}, not {parts.input_shape} as told"
            )
        return Model(network, parts.cost, theta, parts.labels, parts.input_shape, card=parts.card)
    except ModelFileError:
        raise
    except (InkgradError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        raise ModelFileError(one_line(error)) from error


def _walked(reader: GraphReader) -> GraphReader:
    """Go from the input to the output; raise ModelFileError for a node on the way that no layer here does."""
    while takers := [node for node in reader.takers(reader.value) if node.op != "Shape"]:
        if len(takers) > 1:
            _read_composite(reader)
        elif takers[0].inputs[0] != reader.value:
            raise no_layer(takers[0], f"{quoted(reader.value)} should be its first input")
        elif takers[0].op in READINGS:
            READINGS[takers[0].op](reader, takers[0])
        else:
            raise no_layer(takers[0])
    outputs, left = reader.graph.outputs, reader.left()
    if left is not None:
        raise no_layer(left, "it is not on the way from the input to the output")
    if reader.value not in outputs or not reader.passed.issuperset(outputs):
        raise ModelFileError(f"its outputs {quoted(outputs)} should be what the last node makes")
    if reader.twisted:
        raise ModelFileError("its outputs are the pixels of images, channels first, and here they come last")
    if reader.graph.input_type == "uint8" and [node.op for node in reader.takers(reader.graph.input)] != ["Cast"]:
        raise ModelFileError("it takes bytes, which should first be cast to floats and divided by 255")
    return reader


def _header(metadata: dict[str, str]) -> dict[str, Any] | None:
    """Return the header that to_onnx wrote; None in a file of another program."""
    if METADATA_KEY not in metadata:
        return None
    try:
        header = strict_json(metadata[METADATA_KEY])
    except ValueError as error:
        raise ModelFileError(f"its metadata {METADATA_KEY!r} are not JSON ({one_line(error)})") from error
    if not isinstance(header, dict):
        raise ModelFileError(f"its metadata {METADATA_KEY!r} should be a JSON object, got {quoted(header)}")
    return header


def _guessed(reader: GraphReader) -> Parts:
    """Return what a file of another program does not say."""
    if len(reader.shape) != 1 or reader.shape[0] > GRAPH_LIMITS.labels:
        raise ModelFileError(
            f"its outputs should be a row of up to {GRAPH_LIMITS.labels} numbers, got the shape {reader.shape}"
        )
    last = reader.layers[-1][0] if reader.layers else None
    cost = CrossEntropy() if isinstance(last, Sigmoid) else SoftmaxCrossEntropy()
    return Parts(Chain(()), cost, tuple(map(str, range(reader.shape[0]))), reader.input_shape, Card())


def _without_softmax(reader: GraphReader, cost: Cost, is_ours: bool) -> Found:
    """Return the layers without the Softmax that the cost has in it; a file of ours always has it."""
    way, found = type(cost).probabilities, reader.layers
    if way is Cost.probabilities:
        return found
    if way is not SoftmaxCrossEntropy.probabilities:
        raise ModelFileError(f"its cost {cost} makes probabilities in a way that a graph cannot show")
    ends = bool(found) and isinstance(found[-1][0], Softmax)
    if is_ours and not ends:
        raise ModelFileError(f"its metadata tell of {cost}, but its graph does not end in Softmax")
    return found[:-1] if ends else found


def _refuse_other(network: Layer, found: Found) -> None:
    """Raise ModelFileError where the network of the metadata is not the one of the graph."""
    told = [leaf.layer for leaf in leaves(network) if not isinstance(leaf.layer, Dropout | Noise)]
    for layer, (other, _) in zip(told, found, strict=False):
        if _essence(layer) != _essence(other):
            raise ModelFileError(f"its metadata tell of {layer} where its graph has {other}: it was changed since")
    if len(told) != len(found):
        raise ModelFileError(
            f"its metadata tell of {len(told)} layers, its graph has {len(found)}: it was changed since"
        )


def _essence(layer: Layer) -> tuple[Any, ...]:
    """Return what of a layer's settings its nodes show: floats to the precision they have there."""
    if isinstance(layer, Conv2D) and layer.kernel == 1:
        layer = replace(layer, padding="same")  # without a margin either way
    names = [field.name for field in fields(layer) if field.name != "start"]  # type: ignore[arg-type]
    values = [getattr(layer, name) for name in names]
    return type(layer), *(np.float32(value) if isinstance(value, float) else value for value in values)


# Activations that are several nodes, found again by the formula that these make.


@cache
def _known_formulas() -> dict[Formula, Layer]:
    """Return the activations that are several nodes, by their formulas."""
    return {_formula_of(layer): layer for layer in (SiLU(), GELU())}


def _formula_of(layer: Layer) -> Formula:
    """Return the formula of an activation as `translate` draws it."""
    sketch = Sketch(INPUT, (1,))
    draw(layer, Named({}), sketch)
    seen: dict[str, Formula] = {INPUT: "x"}
    for node in sketch.nodes:
        seen[node.outputs[0]] = _formula(node, seen, sketch.arrays)
    return seen[sketch.nodes[-1].outputs[0]]


def _read_composite(reader: GraphReader) -> None:
    """Add the layer that several nodes from the current value on make together.

    Raises ModelFileError, naming the first of them, where there is none.
    """
    known = _known_formulas()
    seen: dict[str, Formula] = {reader.value: "x"}
    nodes: list[Node] = []
    first = reader.takers(reader.value)[0]
    for _ in range(GRAPH_LIMITS.composite_nodes):
        node = _next_node(reader, seen)
        formula = node and _formula(node, seen, reader.graph.arrays)
        if node is None or formula is None:
            break
        seen[node.outputs[0]] = formula
        nodes.append(node)
        others = [taker for value in seen if value != node.outputs[0] for taker in reader.takers(value)]
        if formula in known and all(taker.outputs[0] in seen for taker in others):  # there is no other way out
            reader.step(*nodes)
            reader.add(known[formula])
            return
    names = ", ".join(str(node) for node in reader.takers(reader.value)[:3])
    raise no_layer(first, f"several nodes take the same values, {names}, and make no activation known here")


def _next_node(reader: GraphReader, seen: Mapping[str, Formula]) -> Node | None:
    """Return a node that has not been seen, all of whose inputs have."""
    for value in seen:
        for node in reader.takers(value):
            if node.outputs[0] not in seen and all(name in seen or name in reader.graph.arrays for name in node.inputs):
                return node
    return None


def _formula(node: Node, seen: Mapping[str, Formula], arrays: Mapping[str, NDArray]) -> Formula | None:
    """Return the formula of what a node makes, with the inputs sorted where their order is all one."""
    if node.op not in ("Add", "Mul", "Tanh", "Sigmoid") or node.settings:
        return None
    parts = []
    for name in node.inputs:
        if name not in seen and arrays[name].shape not in ((), (1,)):
            return None
        parts.append(seen[name] if name in seen else f"{float(arrays[name].reshape(-1)[0]):.5g}")
    return (node.op, *(sorted(parts, key=repr) if node.op in ("Add", "Mul") else parts))
