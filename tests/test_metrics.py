"""Metrics, against SciPy and numbers by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from inkgrad.metrics import confusion_matrix, wilson_interval


@pytest.mark.parametrize(("n_right", "n"), [(0, 10), (10, 10), (9731, 10000), (1, 3), (50, 100)])
def test_the_interval_is_that_of_scipy(n_right, n):
    theirs = binomtest(n_right, n).proportion_ci(method="wilson")
    assert wilson_interval(n_right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_matrix_counts_what_was_taken_for_what():
    t, predicted = np.array([0, 0, 1, 2, 2], np.uint8), np.array([0, 1, 1, 0, 2])
    assert confusion_matrix(t, predicted, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]


def test_class_numbers_in_bytes_do_not_overflow():
    t = np.full(3, 40, np.uint8)
    assert confusion_matrix(t, t, 47)[40, 40] == 3
