"""Gradient checking: does backward agree with forward, and if not, what is wrong with it?

Pair the outputs of a layer with a random dy, and it becomes a function with one output,

    phi(p, x) = sum(dy * f(p, x)),

whose gradient is what backward must return.  So we compare backward with finite differences of
phi for x and for each parameter, each with its own error bar, and give a mistake its name.

dy must be random.  With dy = 1 the check is blind wherever the outputs have a fixed sum:
a softmax whose backward returned zeros would pass.
"""

from inkgrad.check.cost import check_cost
from inkgrad.check.finding import Finding
from inkgrad.check.function import check_function, check_jax, check_torch, check_vjp
from inkgrad.check.kind import Kind
from inkgrad.check.layer import check_layer
from inkgrad.check.measure.comparison import Comparison, EntryVerdict
from inkgrad.check.measure.moves import Move, follow, moves
from inkgrad.check.network import check_network
from inkgrad.check.report import Report
from inkgrad.check.verdict import ArrayVerdict, Strictness, Verdict
from inkgrad.errors import CheckError, GradientMismatch

__all__ = [
    "ArrayVerdict",
    "CheckError",
    "Comparison",
    "EntryVerdict",
    "Finding",
    "GradientMismatch",
    "Kind",
    "Move",
    "Report",
    "Strictness",
    "Verdict",
    "check_cost",
    "check_function",
    "check_jax",
    "check_layer",
    "check_network",
    "check_torch",
    "check_vjp",
    "follow",
    "moves",
]
