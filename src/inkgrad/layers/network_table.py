"""A network as a table, for notebooks."""

from __future__ import annotations

from inkgrad.html import Html, table
from inkgrad.layers.base import Layer
from inkgrad.layers.chain import Chain
from inkgrad.layout import Layout


def network_table(network: Layer, input_shape: tuple[int, ...] | None = None) -> Html:
    """Return an HTML table of a network: each layer, the shape of its outputs where it is known, its parameters."""
    shape = input_shape or network.input_shape()
    rows, _ = _rows_of(network, shape, "")
    total = sum(row[-1] for row in rows)
    shown = [(*row[:-1], f"{row[-1]:,}" if row[-1] else "") for row in rows]
    takes = f"takes {_in_words(shape)}, " if shape else ""
    caption = f"{type(network).__name__}: {takes}{total:,} parameters"
    return table(("", "layer", "output", "parameters"), shown, caption, n_texts=3)


def _rows_of(
    layer: Layer, shape: tuple[int, ...] | None, path: str
) -> tuple[list[tuple[str, str, str, int]], tuple[int, ...] | None]:
    """Return a row for each layer, those of chains inside one by one, and the shape of the output."""
    if isinstance(layer, Chain):
        rows = []
        for name, inside in layer.named():
            more, shape = _rows_of(inside, shape, f"{path}.{name}" if path else name)
            rows += more
        return rows, shape
    shape = layer.input_shape() if shape is None else shape
    shape = None if shape is None else layer.output_shape(shape)
    return [(path, str(layer), _in_words(shape), Layout(layer.shapes()).size)], shape


def _in_words(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else " × ".join(map(str, shape))
