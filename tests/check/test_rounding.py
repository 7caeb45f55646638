"""Rounding: what type numbers are of, and on which grid outputs lie, is told by their digits."""

import numpy as np
import pytest

from inkgrad.check import check_vjp
from inkgrad.check.rounding import grid_of_each, same_function


@pytest.mark.parametrize("offset", [1e3, 1e5, 1e6, 1e7, 1e8])
@pytest.mark.parametrize("every", [None, False])
def test_a_right_function_that_is_rounded_beside_a_large_number_is_not_wrong(offset, every):
    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=200)
        report = check_vjp(lambda x: (x + offset) - offset, lambda dy, x: dy, x, every_entry=every, raises=False)
        assert report.verdict != "wrong", report
        doubled = check_vjp(lambda x: (x + offset) - offset, lambda dy, x: 2 * dy, x, every_entry=every, raises=False)
        assert doubled.verdict == "wrong"


def test_the_grid_of_outputs_is_their_last_digit():
    x = np.random.default_rng(0).normal(size=(12, 100))
    beside = 2.0**20 + 2.0**19
    np.testing.assert_array_equal(grid_of_each((x + beside) - beside), 2.0**-32)
    np.testing.assert_array_equal(grid_of_each(x), 0)
    np.testing.assert_array_equal(grid_of_each(np.ones((12, 3))), 0)  # of what does not move it is not known


def test_outputs_below_the_smallest_number_of_a_type_are_those_of_the_same_function():
    small = np.full(3, 1e-50)
    assert same_function(np.zeros(3, np.float32), small, float(np.finfo(np.float32).eps))
    assert not same_function(np.zeros(3, np.float32), np.full(3, 1e-40), float(np.finfo(np.float32).eps))
