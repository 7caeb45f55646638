"""Metrics: how good answers are, and how sure we may be of that."""

from __future__ import annotations

from math import sqrt

import numpy as np

from inkgrad.arrays import Array

Z_95 = 1.959963984540054  # 95 % of a normal distribution lies within this many standard deviations


def wilson_interval(n_right: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the interval in which the true accuracy lies, with 95 % confidence, after n_right of n.

    Where p ± z √(p (1 - p) / n) says ± 0 for a perfect score, Wilson's interval does not:

        (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)    with p = n_right / n

    (Brown, Cai & DasGupta 2001, https://doi.org/10.1214/ss/1009213286, section 3.1.1, equation 4.)
    """
    p = n_right / n
    middle = p + z * z / (2 * n)
    width = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max((middle - width) / scale, 0.0), min((middle + width) / scale, 1.0)


def confusion_matrix(t: Array, predicted: Array, n_classes: int) -> Array:
    """Return M (n_classes, n_classes): M[i, j] examples of class i were taken for class j."""
    return np.bincount(t * np.int64(n_classes) + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
