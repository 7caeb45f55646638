"""Findings of a gradient check in words: which layer, which gradient, what."""

from __future__ import annotations

from inkgrad.check import Finding
from inkgrad.layers import Layer, leaves


def names_of(layer: Layer) -> dict[str, str]:
    """Return the kind of each layer by its path; a layer alone has the path ""."""
    return {leaf.path: type(leaf.layer).__name__ for leaf in leaves(layer)}


def in_words(finding: Finding, names: dict[str, str]) -> str:
    """Return a finding as a line: "layer 1 (Softmax), dx: diagonal-jacobian: only the diagonal ..."."""
    path = finding.layer
    if path in ("cost", "wiring"):
        where = "the cost, " if path == "cost" else "the whole, "
    elif path:
        where = f"layer {path} ({names[path]}), " if path in names else f"layer {path}, "
    else:
        where = ""
    ties = f" (or: {', '.join(finding.also)})" if finding.also else ""
    return f"{where}d{finding.array}: {finding.kind}{ties}: {finding.message}"
