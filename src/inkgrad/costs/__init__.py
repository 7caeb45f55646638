"""Costs: how wrong a batch of outputs is, and which way is less wrong."""

from inkgrad.costs.base import Cost, as_targets
from inkgrad.costs.cross_entropy import CrossEntropy
from inkgrad.costs.softmax_cross_entropy import SoftmaxCrossEntropy
from inkgrad.costs.squared_error import SquaredError

__all__ = ["Cost", "CrossEntropy", "SoftmaxCrossEntropy", "SquaredError", "as_targets"]
