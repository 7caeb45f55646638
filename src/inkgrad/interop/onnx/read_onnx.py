"""from_onnx: the model in an ONNX file, read off its graph."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np

from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.errors import InkgradError, ModelFileError
from inkgrad.interop.model_header import parts_of
from inkgrad.interop.onnx.composites import read_composite
from inkgrad.interop.onnx.graph_reader import Found, Walk, no_layer
from inkgrad.interop.onnx.parsed import parse
from inkgrad.interop.onnx.readings import READINGS
from inkgrad.interop.onnx.write_onnx import KEY, ONNX
from inkgrad.interop.whole_file import read_file
from inkgrad.layers import Chain, Conv2D, Dropout, Layer, Noise, Sigmoid, Softmax
from inkgrad.models import Model
from inkgrad.models.header import Parts
from inkgrad.saving import one_line, quoted
from inkgrad.saving.strict_json import strict_json

MOST_LABELS = 100_000  # that are made up


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
        walk = _walked(Walk(graph))
        header = _header(graph.metadata)
        parts = _guessed(walk) if header is None else parts_of(header, ONNX, layers, costs)
        found = _without_softmax(walk, parts.cost, header is not None)
        if header is None:
            network: Layer = Chain(tuple(layer for layer, _ in found))
        else:
            network = parts.network
            _refuse_other(network, found)
        arrays = [array.ravel() for _, arrays in found for array in arrays]
        if len({array.dtype for array in arrays}) > 1:
            raise ModelFileError("its parameters are of several types; they should be all alike")
        theta = np.concatenate(arrays or [np.zeros(0, np.float32)])
        if walk.input_shape != parts.input_shape:
            raise ModelFileError(f"its graph takes inputs of shape {walk.input_shape}, not {parts.input_shape} as told")
        return Model(network, parts.cost, theta, parts.labels, parts.input_shape, card=parts.card)
    except ModelFileError:
        raise
    except (InkgradError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        raise ModelFileError(one_line(error)) from error


def _walked(walk: Walk) -> Walk:
    """Go from the input to the output; raise ModelFileError for a node on the way that is no layer."""
    while takers := [node for node in walk.takers(walk.value) if node.op != "Shape"]:
        if len(takers) > 1:
            read_composite(walk)
        elif takers[0].inputs[0] != walk.value:
            raise no_layer(takers[0], f"{quoted(walk.value)} should be its first input")
        elif takers[0].op in READINGS:
            READINGS[takers[0].op](walk, takers[0])
        else:
            raise no_layer(takers[0])
    outputs, left = walk.graph.outputs, walk.left()
    if left is not None:
        raise no_layer(left, "it is not on the way from the input to the output")
    if walk.value not in outputs or not walk.passed.issuperset(outputs):
        raise ModelFileError(f"its outputs {quoted(outputs)} should be what the last node makes")
    if walk.twisted:
        raise ModelFileError("its outputs are the pixels of images, channels first, and here they come last")
    if walk.graph.input_type == "uint8" and [node.op for node in walk.takers(walk.graph.input)] != ["Cast"]:
        raise ModelFileError("it takes bytes, which should first be cast to floats and divided by 255")
    return walk


def _header(metadata: dict[str, str]) -> dict[str, Any] | None:
    """Return the header that to_onnx wrote; None in a file of another program."""
    if KEY not in metadata:
        return None
    try:
        header = strict_json(metadata[KEY])
    except ValueError as error:
        raise ModelFileError(f"its metadata {KEY!r} are not JSON ({one_line(error)})") from error
    if not isinstance(header, dict):
        raise ModelFileError(f"its metadata {KEY!r} should be a JSON object, got {quoted(header)}")
    return header


def _guessed(walk: Walk) -> Parts:
    """Return what a file of another program does not say."""
    from inkgrad.models.card import Card

    if len(walk.shape) != 1 or walk.shape[0] > MOST_LABELS:
        raise ModelFileError(f"its outputs should be a row of up to {MOST_LABELS} numbers, got the shape {walk.shape}")
    last = walk.layers[-1][0] if walk.layers else None
    cost = CrossEntropy() if isinstance(last, Sigmoid) else SoftmaxCrossEntropy()
    return Parts(Chain(()), cost, tuple(map(str, range(walk.shape[0]))), walk.input_shape, Card())


def _without_softmax(walk: Walk, cost: Cost, is_ours: bool) -> Found:
    """Return the layers without the Softmax that the cost has in it; a file of ours always has it."""
    way, found = type(cost).probabilities, walk.layers
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
    told = [layer for layer in _leaves(network) if not isinstance(layer, Dropout | Noise)]
    for layer, (other, _) in zip(told, found, strict=False):
        if _essence(layer) != _essence(other):
            raise ModelFileError(f"its metadata tell of {layer} where its graph has {other}: it was changed since")
    if len(told) != len(found):
        raise ModelFileError(
            f"its metadata tell of {len(told)} layers, its graph has {len(found)}: it was changed since"
        )


def _leaves(network: Layer) -> Iterator[Layer]:
    if isinstance(network, Chain):
        for layer in network.layers:
            yield from _leaves(layer)
    else:
        yield network


def _essence(layer: Layer) -> tuple[Any, ...]:
    """Return what of a layer's settings its nodes show: floats to the precision they have there."""
    if isinstance(layer, Conv2D) and layer.kernel == 1:
        layer = replace(layer, padding="same")  # without a margin either way
    names = [field.name for field in fields(layer) if field.name != "start"]  # type: ignore[arg-type]
    values = [getattr(layer, name) for name in names]
    return type(layer), *(np.float32(value) if isinstance(value, float) else value for value in values)
