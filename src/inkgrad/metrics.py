"""Metrics: how good answers are, and how sure we may be of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError, SettingError
from inkgrad.whole_numbers import shown_whole

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


def confusion_matrix(t: NDArray, predicted: NDArray, n_classes: int) -> NDArray:
    """Return M (n_classes, n_classes): M[i, j] examples of class i were taken for class j."""
    return np.bincount(t * np.int64(n_classes) + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often answers are right, by how sure they were: B bins of probability.

    edges        where the bins begin and end, (B + 1,)
    n            examples in each bin, (B,)
    probability  their mean probability, NaN in an empty bin
    accuracy     the part of them that is right, NaN in an empty bin
    low, high    the 95 % interval of that (wilson_interval), NaN in an empty bin
    """

    edges: NDArray
    n: NDArray
    probability: NDArray
    accuracy: NDArray
    low: NDArray
    high: NDArray

    @property
    def error(self) -> float:
        """The expected calibration error: sum of n_m / N |accuracy_m - probability_m|, in [0, 1].

        (Guo et al. 2017, https://arxiv.org/abs/1706.04599, equation 3.)
        """
        full = self.n > 0
        gaps = np.abs(self.accuracy - self.probability)[full]
        return float(np.sum(self.n[full] * gaps) / np.sum(self.n))


def reliability(probability: NDArray, right: NDArray, n_bins: int = 10) -> Reliability:
    """Return how often answers are right, for the probability of each answer (N,) and whether it is right (N,).

    The m-th of n_bins bins holds probabilities above (m - 1) / n_bins, up to m / n_bins; the first one 0 as well.

    Raises DataError when they are empty, differ in number, or are not in [0, 1]; SettingError for no bins.
    """
    probability, right = np.asarray(probability, np.float64), np.asarray(right, bool)
    if n_bins < 1:
        raise SettingError(f"probabilities go into at least 1 bin, got {shown_whole(n_bins)}")
    if probability.ndim != 1 or probability.shape != right.shape or len(probability) == 0:
        raise DataError(
            f"each answer has a probability and is right or wrong, got arrays of shape {probability.shape} "
            f"and {right.shape}"
        )
    if not (np.abs(probability - 0.5) <= 0.5 + 1e-6).all():  # single precision may miss [0, 1]; NaN fails
        raise DataError(
            f"probabilities are in [0, 1], got numbers from {probability.min():.6g} to {probability.max():.6g}"
        )
    edges = np.linspace(0, 1, n_bins + 1)
    place = np.searchsorted(edges[1:-1], probability, side="left")
    n = np.bincount(place, minlength=n_bins)
    n_right = np.bincount(place, weights=right, minlength=n_bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN, as it should be
        mean, accuracy = np.bincount(place, weights=probability, minlength=n_bins) / n, n_right / n
    ends = [wilson_interval(int(r), int(m)) if m else (np.nan, np.nan) for r, m in zip(n_right, n, strict=True)]
    low, high = np.array(ends).T
    return Reliability(edges, n, mean, accuracy, low, high)


def edits_between(found: Sequence[object], wanted: Sequence[object]) -> int:
    """Return how many items must be put in, left out or changed to make one sequence of another.

    With d_ij that number for the first i of the one and the first j of the other,

        d_ij = min(d_i-1,j + 1, d_i,j-1 + 1, d_i-1,j-1 + [found_i is not wanted_j])

    (Wagner & Fischer 1974, https://doi.org/10.1145/321796.321811, theorem 2.)

    >>> edits_between("1250", "12.5")
    2
    """
    above = list(range(len(wanted) + 1))
    for i, one in enumerate(found, start=1):
        row = [i]
        for j, other in enumerate(wanted, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (one != other)))
        above = row
    return above[-1]
