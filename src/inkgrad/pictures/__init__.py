"""Pictures: from a picture of writing to pieces of ink, and to what a network trained on MNIST knows."""

from inkgrad.pictures.line_form import line_form
from inkgrad.pictures.listing import list_pictures
from inkgrad.pictures.mnist_form import mnist_form
from inkgrad.pictures.numbered_page import Page, page_names, page_numbers
from inkgrad.pictures.paper import at_working_size, ink_on_paper, lightness_skew, thresholds
from inkgrad.pictures.pieces import Piece, cut_apart, find_pieces
from inkgrad.pictures.rules import find_rules, without_rules
from inkgrad.pictures.source import Source, open_or_reason, open_picture

__all__ = [
    "Page",
    "Piece",
    "Source",
    "at_working_size",
    "cut_apart",
    "find_pieces",
    "find_rules",
    "ink_on_paper",
    "lightness_skew",
    "line_form",
    "list_pictures",
    "mnist_form",
    "open_or_reason",
    "open_picture",
    "page_names",
    "page_numbers",
    "thresholds",
    "without_rules",
]
