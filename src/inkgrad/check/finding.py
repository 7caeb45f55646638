"""Finding: one mistake, with its place and its name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from inkgrad.check.kind import Kind


@dataclass(frozen=True)
class Finding:
    """One mistake, with its name.

    layer     the path of the layer in the network ("2" or "2.0"), "" for a layer checked alone,
              "cost", or "wiring"
    array     "x" for dx, "y" for the dy of a cost, else the parameter's name
    kind      what is wrong, in a word that has its sentence; unknown when no pattern fits
    also      other kinds that the numbers fit as well
    message   one or two sentences
    evidence  the numbers it rests on
    """

    layer: str
    array: str
    kind: Kind
    also: tuple[Kind, ...]
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = ".".join(part for part in (self.layer, self.array) if part)
        ties = f" (or: {', '.join(self.also)})" if self.also else ""
        return f"{where}: {self.kind}{ties}: {self.message}"


def as_second(finding: Finding) -> Finding:
    """Return a finding about a gradient of a gradient that is right itself."""
    if finding.kind == Kind.second_order:
        return finding
    also = tuple(kind for kind in (finding.kind, *finding.also) if kind != Kind.unknown)
    words = "the gradient itself is right: does backward use what is detached, or kept without its graph?"
    return replace(finding, kind=Kind.second_order, also=also, message=f"{finding.message}; {words}")
