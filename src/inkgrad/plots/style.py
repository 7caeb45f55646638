"""Style: colours that colour-blind eyes can tell apart, and names that fit."""

from __future__ import annotations

from collections.abc import Sequence

# Okabe & Ito 2008, https://jfly.uni-koeln.de/color/, without black and the yellow that is lost on white.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK, FAINT = "#222222", "#8a8a8a"
LONGEST = 18  # characters of a name in a picture


def colour(k: int) -> str:
    """Return the k-th colour; after the last the first comes again."""
    return PALETTE[k % len(PALETTE)]


def shortened(labels: Sequence[str]) -> list[str]:
    """Return names of at most 18 characters, "…" where something was left out."""
    return [label if len(label) <= LONGEST else label[: LONGEST - 1] + "…" for label in labels]
