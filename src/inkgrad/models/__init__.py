"""Models: networks with their parameters and labels, and the recipes to train them."""

from inkgrad.models.calibration import calibrated
from inkgrad.models.model import Model, load, shipped
from inkgrad.models.recipes import MODELS, Recipe

__all__ = ["MODELS", "Model", "Recipe", "calibrated", "load", "shipped"]
