"""The verdicts drawn: of each array its error, beside the smallest error that would have been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

from inkgrad.check.verdict import ArrayVerdict, Verdict


@dataclass(frozen=True)
class VerdictLook:
    """How verdicts are drawn.

    colours     as plots have them (Okabe & Ito 2008, https://jfly.uni-koeln.de/color/)
    most_rows   arrays; of more, those that matter most
    row_inches  the height of a row
    least, most between which sizes are told apart
    longest     path of an array, in characters: of a longer one the end is shown
    """

    right: str = "#009e73"
    approximate: str = "#e69f00"
    cannot_tell: str = "#8a8a8a"
    wrong: str = "#d55e00"
    most_rows: int = 60
    row_inches: float = 0.27
    least: float = 1e-20
    most: float = 1e20
    longest: int = 40

    def colour(self, verdict: Verdict) -> str:
        """Return the colour of a verdict."""
        return str(getattr(self, verdict.name))


LOOK = VerdictLook()


def height_of_verdicts(count: int) -> float:
    """Return the height of the plot of so many arrays, in inches."""
    return 1.3 + LOOK.row_inches * min(count, LOOK.most_rows)


def draw_verdicts(figure: Any, arrays: Sequence[ArrayVerdict]) -> None:
    """Draw a row for each array: a bar as far as errors would not have been seen, and a dot at the error there is."""
    shown, axes = _those_that_matter(arrays), figure.subplots()
    low, high = _limits(shown)
    axes.set_xscale("log")
    for row, each in enumerate(shown):
        colour, least = LOOK.colour(each.verdict), min(each.least, high) if isfinite(each.least) else high
        axes.barh(row, max(least, low) - low, left=low, height=0.6, color=colour, alpha=0.25, linewidth=0)
        if each.error:
            axes.plot(min(max(each.error, low), high), row, "o", color=colour, markersize=6, clip_on=False)
    axes.set_xlim(low, high)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks(range(len(shown)), [_short(each.path) for each in shown], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    rest = f"; the {len(shown)} of {len(arrays)} arrays that matter most" if len(shown) < len(arrays) else ""
    axes.set_xlabel(f"part of the array's typical gradient{rest}", fontsize=9)
    _explain(axes, [each.verdict for each in shown], any(each.error for each in shown))


def _those_that_matter(arrays: Sequence[ArrayVerdict]) -> list[ArrayVerdict]:
    """Return the arrays in their order; of too many those with the worst verdicts and the largest errors."""
    worst = sorted(arrays, key=lambda each: (list(Verdict).index(each.verdict), each.error, each.least), reverse=True)
    kept = {id(each) for each in worst[: LOOK.most_rows]}
    return [each for each in arrays if id(each) in kept]


def _limits(arrays: Sequence[ArrayVerdict]) -> tuple[float, float]:
    """Return powers of ten between which all lies, with room for a bar, and no more than 1 needlessly."""
    sizes = [size for each in arrays for size in (each.error, each.least) if size > 0 and isfinite(size)]
    low, high = max(LOOK.least, min(sizes, default=1e-3)), min(LOOK.most, max(sizes, default=1.0))
    return 10.0 ** (floor(log10(low)) - 1), 10.0 ** max(0, floor(log10(high)) + 1)


def _short(path: str) -> str:
    return path if len(path) <= LOOK.longest else f"…{path[1 - LOOK.longest :]}"


def _explain(axes: Any, verdicts: Sequence[Verdict], has_errors: bool) -> None:
    """Add a legend: the colours of the verdicts there are, and what bars and dots are."""
    for verdict in Verdict:
        if verdict in verdicts:
            axes.plot([], [], "s", color=LOOK.colour(verdict), markersize=8, label=str(verdict))
    axes.barh(0, 0, color="#777777", alpha=0.25, label="an error here would not have been seen")
    if has_errors:
        axes.plot([], [], "o", color="#777777", markersize=6, label="the error")
    axes.legend(fontsize=8, frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
