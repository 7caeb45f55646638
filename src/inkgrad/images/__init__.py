"""Images: the former name of inkgrad.pictures, kept."""

from inkgrad.pictures import (
    Piece,
    Source,
    at_working_size,
    cut_apart,
    find_pieces,
    find_rules,
    ink_on_paper,
    lightness_skew,
    mnist_form,
    open_picture,
    thresholds,
    without_rules,
)

__all__ = [
    "Piece",
    "Source",
    "at_working_size",
    "cut_apart",
    "find_pieces",
    "find_rules",
    "ink_on_paper",
    "lightness_skew",
    "mnist_form",
    "open_picture",
    "thresholds",
    "without_rules",
]
