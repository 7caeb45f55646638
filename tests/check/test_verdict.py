"""Verdicts: what is told of an error, of its bar and of the least that would have been seen."""

import numpy as np
import pytest

from inkgrad.check.measure.comparison import Comparison, EntryVerdict
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.verdict import USUAL, Strictness, Verdict, by_entries, usual_gradient, worst
from inkgrad.errors import SettingError


@pytest.mark.parametrize(
    ("error", "bar", "least", "verdict"),
    [
        (0, 0, 1e-9, "right"),
        (1e-6, 1e-5, 1e-4, "right"),
        (5e-5, 0, 1e-9, "approximate"),
        (9e-5, 1e-6, 1e-9, "approximate"),
        (2e-4, 0, 1e-9, "wrong"),
        (2, 0, 1e-9, "wrong"),
        (2, 3, 1e-9, "right"),
        (2, 0, 5, "wrong"),
        (0, 0, 2e-3, "cannot tell"),
        (5e-5, 0, 2e-3, "cannot tell"),
        (0, 0, np.inf, "cannot tell"),
        (0, 0, np.nan, "cannot tell"),
        (np.inf, 0, 1e-9, "wrong"),
    ],
)
def test_an_error_beside_its_bar_and_what_would_have_been_seen(error, bar, least, verdict):
    assert USUAL.verdict(error, bar, least) == verdict


def test_strictness_moves_the_limits():
    assert Strictness(sensitivity=1e-2).verdict(0, 0, 2e-3) == "right"
    assert Strictness(tolerance=1e-2).verdict(2e-3, 0, 0) == "approximate"
    assert Strictness(tolerance=0).verdict(1e-9, 0, 0) == "wrong"
    assert Strictness(exact=True).verdict(1e-9, 0, 0) == "wrong"
    assert Strictness(exact=True).verdict(1e-9, 1e-8, 0) == "right"
    for settings in (
        {"sensitivity": 0},
        {"sensitivity": 1},
        {"sensitivity": np.nan},
        {"tolerance": -1},
        {"tolerance": 1},
    ):
        with pytest.raises(SettingError, match=f"the {next(iter(settings))} is a part of the gradient"):
            Strictness(**settings)


def test_the_worst_of_several_verdicts_counts_and_none_tells_nothing():
    right, approximate, untold, wrong = Verdict
    assert worst([right, approximate, right]) == approximate
    assert worst([untold, approximate]) == untold
    assert worst([right, wrong, untold]) == wrong
    assert worst([]) == untold


def compared(off, bar, size=1.0):
    """Return a gradient of this size, off by `off` in one of four numbers and known to `bar` in each."""
    n = size * np.array([1.0, -1, 1, -1])
    a = n.copy()
    a[0] += off
    return Comparison("", "w", a, Numerical(n, n, np.full(4, bar), None))


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_errors_of_entries_are_parts_of_the_typical_gradient(size):
    found = by_entries(compared(0.1 * size, 1e-8 * size, size), True, 1.0, USUAL)
    assert found.verdict == "wrong"
    assert found.error == pytest.approx(0.05)  # 0.1 in one of four: the root of the mean square is a half of it
    assert found.least == pytest.approx(1e-8)
    assert found.size == 4


def test_entries_that_drown_in_their_bars_are_not_told():
    assert by_entries(compared(0, 0.1), False, 1.0, USUAL).verdict == "cannot tell"
    assert by_entries(compared(0, 1e-5), False, 1.0, USUAL).verdict == "right"
    assert by_entries(compared(1e-4, 1e-6), False, 1.0, USUAL).verdict == "approximate"
    assert by_entries(compared(0, 1e-9), True, 1.0, USUAL).verdict == "wrong"  # as something else was found
    assert by_entries(compared(np.nan, 1e-9), False, 1.0, USUAL).verdict == "wrong"


def test_a_gradient_of_zero_is_judged_beside_the_usual_one():
    zeros = np.zeros(4)
    found = Comparison("", "w", zeros, Numerical(zeros, zeros, np.full(4, 1e-9), None))
    assert by_entries(found, False, 1.0, USUAL).verdict == "right"
    assert by_entries(found, False, 1e-9, USUAL).verdict == "cannot tell"


def test_the_usual_gradient_is_the_largest_that_is_a_number():
    assert usual_gradient([compared(0, 0, 2.0), compared(0, 0, 3.0)]) == 3
    nan = Comparison("", "w", np.ones(1), Numerical(*np.full((3, 1), np.nan), None))
    assert usual_gradient([nan, compared(0, 0, 2.0)]) == 2
    assert usual_gradient([]) == 1


def test_entries_of_which_nothing_is_known_are_told_apart_from_the_others():
    """Where differences give NaN for one entry, the others are judged all the same, and no number is made of NaN."""
    n = np.array([1.0, np.nan, -2.0])
    numerical = Numerical(n, n, np.full(3, 1e-9), None)
    untold = by_entries(Comparison("", "x", np.array([1.0, 7.0, -2.0]), numerical), False, 1.0, USUAL)
    assert (untold.verdict, untold.error, untold.least) == ("cannot tell", 0.0, np.inf)
    off = by_entries(Comparison("", "x", np.array([1.0, 7.0, 2.0]), numerical), False, 1.0, USUAL)
    assert off.verdict == "wrong"
    assert np.isfinite(off.error)


def test_an_error_bar_that_is_longer_than_the_gradient_is_a_guess():
    n = np.array([0.01, 0.02, -0.01])
    numerical = Numerical(n, n, np.full(3, 1.0), None)
    for a, verdict in ((1.5, "cannot tell"), (3.5, "wrong")):
        comparison = Comparison("", "x", np.array([a, 0.0, 0.0]), numerical)
        assert by_entries(comparison, False, 0.01, USUAL).verdict == verdict
        assert (comparison.verdicts[0] == EntryVerdict.wrong) == (verdict == "wrong")
