"""Style: colours that colour-blind eyes can tell apart, sizes, and names that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PlotStyle:
    """How pictures look.

    palette              of Okabe & Ito 2008, https://jfly.uni-koeln.de/color/, without black and the yellow that is
                         lost on white
    ink, faint           colours of what is written, and of what is only there to compare with
    two_classes          blue and red, the ends of the shades between two classes
    markers              of points, one for each class
    dots_per_inch        of pictures of dots, such as PNG
    longest_name         of a class, in characters
    boundary_points      of the grid along each side, where a decision boundary is drawn
    boundary_shades      few enough for the palette of a moving picture
    boundary_margin      of a side, so that points at the edge are seen whole
    most_counts          classes, up to which each count of a confusion matrix is written in its cell
    least_scale          the part of a row that has at least the darkest colour, so that one mistake is not a scandal
    most_tiles           of a first layer
    most_misread         examples that are shown
    caption_letter       inches that a letter of an example's caption is wide
    """

    palette: tuple[str, ...] = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
    ink: str = "#222222"
    faint: str = "#8a8a8a"
    two_classes: tuple[str, str] = ("#2166ac", "#b2182b")
    markers: str = "o^sDvP"
    dots_per_inch: int = 120
    longest_name: int = 18
    boundary_points: int = 201
    boundary_shades: int = 20
    boundary_margin: float = 0.08
    most_counts: int = 26
    least_scale: float = 0.01
    most_tiles: int = 100
    most_misread: int = 120
    caption_letter: float = 0.062


STYLE = PlotStyle()


def colour(k: int) -> str:
    """Return the k-th colour; after the last the first comes again."""
    return STYLE.palette[k % len(STYLE.palette)]


def shortened(labels: Sequence[str]) -> list[str]:
    """Return names of at most 18 characters, "…" where something was left out."""
    most = STYLE.longest_name
    return [label if len(label) <= most else label[: most - 1] + "…" for label in labels]
