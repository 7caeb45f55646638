"""Header: what a model file says besides its numbers; docs/model-files.md describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

from inkgrad import costs as all_costs
from inkgrad import layers as all_layers
from inkgrad.costs import Cost
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.layers import Layer
from inkgrad.models.card import Card
from inkgrad.saving import FileKind, Header, are_whole, build, concrete, quoted

PREPROCESSING = 1  # the version of what is done to pictures before a network sees them
MOST_AXES = 8
MOST_NUMBERS = 2**30  # of one input


UPGRADES: dict[int, Callable[[Header], Header]] = {  # of a header of this version to the next
    1: lambda header: {"card": {}} | header,  # version 2 brought the model card; docs/model-files.md has them all
}
MODEL = FileKind("inkgrad model", UPGRADES, longest=2**22)


@dataclass(frozen=True)
class Parts:
    """A model but for its numbers."""

    network: Layer
    cost: Cost
    labels: tuple[str, ...]
    input_shape: tuple[int, ...]
    card: Card


def read_parts(header: Header, layers: Iterable[type[Layer]] = (), costs: Iterable[type[Cost]] = ()) -> Parts:
    """Return what a header of today's version describes, made of inkgrad's classes and these alone.

    Nothing of the size that it speaks of is made.  Whether the labels are strings that can be shown, is for
    the Model to see.

    Raises ModelFileError, saying why, where it does not describe a whole model.
    """
    lacking = [name for name in ("network", "cost", "preprocessing", "labels", "input_shape") if name not in header]
    if lacking:
        raise ModelFileError(f"it lacks {lacking[0]!r} in its header")
    if type(header["preprocessing"]) is not int or header["preprocessing"] != PREPROCESSING:
        raise ModelFileError(
            f"it wants pictures prepared in way {quoted(header['preprocessing'])}, this inkgrad does {PREPROCESSING}"
        )
    network = build(header["network"], concrete(all_layers, layers), "load it in Python with load(path, layers=[...])")
    cost = build(header["cost"], concrete(all_costs, costs), "load it in Python with load(path, costs=[...])")
    if not isinstance(network, Layer) or not isinstance(cost, Cost):
        raise ModelFileError(f"it should describe a layer and a cost, got {quoted(network)} and {quoted(cost)}")
    labels, input_shape, card = header["labels"], header["input_shape"], header.get("card", {})
    if not isinstance(labels, list) or not are_whole(input_shape, least=1):
        raise ModelFileError(
            f"its header should list labels and an input_shape, got {quoted(labels)} and {quoted(input_shape)}"
        )
    if not isinstance(card, dict):
        raise ModelFileError(f"its card should be a JSON object, got {quoted(card)}")
    if len(input_shape) > MOST_AXES or prod(input_shape) > MOST_NUMBERS:
        raise ModelFileError(f"it takes inputs of shape {quoted(input_shape)}, more than this inkgrad can hold")
    made = build({"class": "Card"} | card, {"Card": Card}, "a card is no layer")
    return Parts(network, cost, tuple(labels), tuple(input_shape), made)


def refuse_bad_labels(labels: Iterable[Any]) -> None:
    """Raise SettingError unless each is a string that can be shown on one line."""
    for label in labels:
        if not isinstance(label, str) or not label.isprintable() or len(label) > 1_000:
            raise SettingError(
                f"labels are the names of classes, strings of up to 1000 printable characters, got {quoted(label)}"
            )
