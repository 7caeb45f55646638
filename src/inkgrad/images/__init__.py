"""Images: from a picture of writing to pieces of ink, and to what a network trained on MNIST knows."""

from inkgrad.images.crossings import without_rules
from inkgrad.images.cuts import cut_apart
from inkgrad.images.mnist_form import mnist_form
from inkgrad.images.paper import at_working_size, ink_on_paper, lightness_skew, thresholds
from inkgrad.images.picture import Source, open_picture
from inkgrad.images.pieces import Piece, find_pieces
from inkgrad.images.rules import find_rules

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
