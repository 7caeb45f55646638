"""Models: networks with their parameters and labels, and the recipes to train them."""

from inkgrad.models.calibration import calibrated, calibrated_on_lines
from inkgrad.models.card import Card
from inkgrad.models.hub import load_from_hub, push_to_hub
from inkgrad.models.model import Model, load, shipped
from inkgrad.models.prepared_model import PreparedModel
from inkgrad.models.recipes import MODELS, Recipe

__all__ = [
    "MODELS",
    "Card",
    "Model",
    "PreparedModel",
    "Recipe",
    "calibrated",
    "calibrated_on_lines",
    "load",
    "load_from_hub",
    "push_to_hub",
    "shipped",
]
