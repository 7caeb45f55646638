"""Images: from a picture of a digit to what a network trained on MNIST knows."""

from inkgrad.images.grid import cut_grid
from inkgrad.images.ink import find_ink, is_blank
from inkgrad.images.mnist_form import mnist_form
from inkgrad.images.picture import open_picture

__all__ = ["cut_grid", "find_ink", "is_blank", "mnist_form", "open_picture"]
