"""Writing without rules, and the rules that are found in a picture."""

import numpy as np

from inkgrad.pictures import find_rules, ink_on_paper, thresholds
from lab.synthetic import Look, write_lines

HIGH = 40  # pixels of a digit


def rules_of(colours):
    """Strokes, and the rules among them."""
    ink = ink_on_paper(colours)
    least = thresholds(ink)
    strokes = ink > least
    return strokes, find_rules(ink, strokes, ink > 0.6 * least)


def written(digits, seed=0, **look):
    """Two lines of digits, black on white, (height, width, 3)."""
    page = write_lines([6, 6], Look(height=HIGH, **look), np.random.default_rng(seed), digits.train, apart=2)
    return page.picture.copy()
