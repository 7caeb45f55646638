"""Naming: which mistake would make exactly these wrong numbers?

Each mechanism predicts the wrong gradient that a kind of mistake would give, from numerical
references alone.  A mistake is named when its prediction equals what backward said, to within the
error bars.
"""

from inkgrad.check.naming.case import Case, Guess, Mechanism
from inkgrad.check.naming.choose import name_mistake, name_of_whole, reconsidered
from inkgrad.check.naming.counterfactuals import rather_stepped
from inkgrad.check.naming.sums import named_by_shape
from inkgrad.check.naming.ways import Inside

__all__ = [
    "Case",
    "Guess",
    "Inside",
    "Mechanism",
    "name_mistake",
    "name_of_whole",
    "named_by_shape",
    "rather_stepped",
    "reconsidered",
]
