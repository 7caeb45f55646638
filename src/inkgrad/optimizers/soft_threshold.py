"""The soft threshold: a step against the sum of |theta_i|, which ends at 0."""

from __future__ import annotations

from inkgrad.arrays import NDArray, namespace


def soft_threshold(theta: NDArray, by: float | NDArray) -> NDArray:
    """Return theta - clip(theta, -by, by): each number nearer to 0 by `by`, and 0 where it is no larger than that.

    It is the step of a penalty l1 sum_i |theta_i| (L1 regularisation).  A gradient step moves to the z that is best
    for the cost's slope; with the penalty the best u near z is that of the smallest

        ½ (u - z)² + by |u|

    Above 0 the slope of this is u - z + by, so it is smallest at u = z - by, if z > by.  Below 0 it is u - z - by, and
    smallest at u = z + by, if z < -by.  Else it falls as far as 0 from either side, so u = 0.

    At 0 itself by |u| has a kink and no gradient: any number in [-by, by] is the slope of a line that touches it there
    from below.  So what is 0 stays exactly 0 as long as the cost pulls at it with less than l1.  A step along
    l1 sign(theta) would jump to and fro across 0 instead, and never rest.

    (Beck & Teboulle 2009, https://doi.org/10.1137/080716542, equations 1.4 and 1.5.)

    Shapes    theta (n,)   by a number, or (n,), 0 or more

    >>> import numpy as np
    >>> soft_threshold(np.array([2.0, 0.3, -0.75]), 0.5)
    array([ 1.5 ,  0.  , -0.25])
    """
    return theta - namespace(theta).clip(theta, -by, by)
