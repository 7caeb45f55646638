"""Header: what an exported file says of a model besides its numbers, as model files do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from inkgrad import costs as all_costs
from inkgrad import layers as all_layers
from inkgrad.costs import Cost
from inkgrad.layers import Layer
from inkgrad.models.header import Parts, read_parts
from inkgrad.saving import Kind, concrete


def parts_of(
    header: Mapping[str, Any], kind: Kind, layers: Iterable[type[Layer]], costs: Iterable[type[Cost]]
) -> Parts:
    """Return what such a header describes, made of inkgrad's classes and these.

    Raises ModelFileError, saying why, where it is of another kind or no sound model.
    """
    return read_parts(kind.today(header), concrete(all_layers, layers), concrete(all_costs, costs))


def as_text(header: Mapping[str, Any]) -> str:
    """Return a header on one line of JSON."""
    return json.dumps(header, allow_nan=False)
