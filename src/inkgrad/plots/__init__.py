"""Plots: one function a picture, each returning a matplotlib Figure."""

from inkgrad.plots.boundary import decision_boundary
from inkgrad.plots.confusion import confusion
from inkgrad.plots.curves import curves
from inkgrad.plots.figures import gradient_check, kind_of, save_figure, save_gif, save_png
from inkgrad.plots.first_layer import first_layer
from inkgrad.plots.misread import digit_sheet, misread
from inkgrad.plots.reliability import calibration
from inkgrad.plots.searches import search_picture

__all__ = [
    "calibration",
    "confusion",
    "curves",
    "decision_boundary",
    "digit_sheet",
    "first_layer",
    "gradient_check",
    "kind_of",
    "misread",
    "save_figure",
    "save_gif",
    "save_png",
    "search_picture",
]
