"""Breaking: a visitor's own network with one of the checker's lessons in it."""

from __future__ import annotations

from typing import Any

from inkgrad.check.lessons import LAYERS
from inkgrad.costs import Cost
from inkgrad.errors import SettingError
from inkgrad.layers import Chain


def with_break(network: Chain, cost: Cost, name: str) -> tuple[Chain, Cost]:
    """Return a network and its cost with the mistake of a lesson in one of them; theta stays as it is.

    The cost is exchanged for the wrong one, or the first layer that is like it.  Raises SettingError
    where the network has nothing that the lesson could break.
    """
    lesson = LAYERS[name]
    wrong: Any = lesson.wrong  # a layer or a cost, with the settings of the right one
    if type(cost) is lesson.right:
        return network, wrong(**vars(cost))
    for i, layer in enumerate(network.layers):
        if type(layer) is lesson.right and (not lesson.is_square or layer.n_in == layer.n_out):  # type: ignore[attr-defined]
            return Chain((*network.layers[:i], wrong(**vars(layer)), *network.layers[i + 1 :])), cost
    raise SettingError(f"{name} needs {lesson.needs}, which this network lacks")
