"""Gradient checking: does backward agree with forward?

Pair the outputs of a layer with a random dy, and it becomes a function with one output,

    phi(p, x) = sum(dy * f(p, x)),

whose gradient is what backward must return.  So we compare backward with central
differences of phi, in double precision, for x and for each parameter.

dy must be random.  With dy = 1 the check is blind wherever the outputs have a fixed sum:
a softmax whose backward returned zeros would pass.
"""

from inkgrad.check.cost import check_cost
from inkgrad.check.differences import numerical_gradient
from inkgrad.check.layer import check_layer
from inkgrad.check.network import check_network, quick_check
from inkgrad.errors import GradientMismatch

__all__ = ["GradientMismatch", "check_cost", "check_layer", "check_network", "numerical_gradient", "quick_check"]
