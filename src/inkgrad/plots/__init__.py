"""Plots: one function a picture, each returning a matplotlib Figure."""

from inkgrad.plots.boundary import decision_boundary
from inkgrad.plots.curves import curves
from inkgrad.plots.digits import digit_sheet
from inkgrad.plots.files import save_gif, save_png

__all__ = ["curves", "decision_boundary", "digit_sheet", "save_gif", "save_png"]
