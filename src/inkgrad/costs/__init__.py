"""Costs: how wrong a batch of outputs is, and which way is less wrong."""

from inkgrad.costs.base import Cost, as_targets
from inkgrad.costs.cross_entropy import CrossEntropy
from inkgrad.costs.ctc import CTC
from inkgrad.costs.line_targets import frames_needed, line_targets
from inkgrad.costs.softmax_cross_entropy import SoftmaxCrossEntropy
from inkgrad.costs.squared_error import SquaredError

__all__ = [
    "CTC",
    "Cost",
    "CrossEntropy",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "as_targets",
    "frames_needed",
    "line_targets",
]
