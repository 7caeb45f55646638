"""Composites: activations that are several nodes in ONNX, found again by the formula that these make."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from inkgrad.arrays import Array
from inkgrad.interop.onnx.graph_reader import Walk, no_layer
from inkgrad.interop.onnx.sketch import INPUT, Node, Sketch
from inkgrad.interop.onnx.translations import draw
from inkgrad.layers import GELU, Layer, SiLU
from inkgrad.layout import Named

COMMUTING, OTHERS = ("Add", "Mul"), ("Tanh", "Sigmoid")
LONGEST = 12  # nodes
Formula = Any  # "x", a number as text, or an operation and the formulas that it takes


@cache
def known_formulas() -> dict[Formula, Layer]:
    """Return the activations that are several nodes, by their formulas."""
    return {formula_of(layer): layer for layer in (SiLU(), GELU())}


def formula_of(layer: Layer) -> Formula:
    """Return the formula of an activation as `translate` draws it."""
    sketch = Sketch(INPUT, (1,))
    draw(layer, Named({}), sketch)
    seen: dict[str, Formula] = {INPUT: "x"}
    for node in sketch.nodes:
        seen[node.outputs[0]] = _formula(node, seen, sketch.arrays)
    return seen[sketch.nodes[-1].outputs[0]]


def read_composite(walk: Walk) -> None:
    """Add the layer that several nodes from the current value on make together.

    Raises ModelFileError, naming the first of them, where there is none.
    """
    known = known_formulas()
    seen: dict[str, Formula] = {walk.value: "x"}
    nodes: list[Node] = []
    first = walk.takers(walk.value)[0]
    for _ in range(LONGEST):
        node = _next_node(walk, seen)
        formula = node and _formula(node, seen, walk.graph.arrays)
        if node is None or formula is None:
            break
        seen[node.outputs[0]] = formula
        nodes.append(node)
        if formula in known and _is_only_way_out(walk, seen, node):
            walk.step(*nodes)
            walk.add(known[formula])
            return
    names = ", ".join(str(node) for node in walk.takers(walk.value)[:3])
    raise no_layer(first, f"several nodes take the same values, {names}, and make no activation known here")


def _next_node(walk: Walk, seen: Mapping[str, Formula]) -> Node | None:
    """Return a node that has not been seen, all of whose inputs have."""
    for value in seen:
        for node in walk.takers(value):
            if node.outputs[0] not in seen and all(name in seen or name in walk.graph.arrays for name in node.inputs):
                return node
    return None


def _is_only_way_out(walk: Walk, seen: Mapping[str, Formula], last: Node) -> bool:
    inner = [value for value in seen if value != last.outputs[0]]
    return all(node.outputs[0] in seen for value in inner for node in walk.takers(value))


def _formula(node: Node, seen: Mapping[str, Formula], arrays: Mapping[str, Array]) -> Formula | None:
    """Return the formula of what a node makes, with the inputs sorted where their order is all one."""
    if node.op not in (*COMMUTING, *OTHERS) or node.settings:
        return None
    parts = []
    for name in node.inputs:
        if name not in seen and arrays[name].shape not in ((), (1,)):
            return None
        parts.append(seen[name] if name in seen else f"{float(arrays[name].reshape(-1)[0]):.5g}")
    return (node.op, *(sorted(parts, key=repr) if node.op in COMMUTING else parts))
