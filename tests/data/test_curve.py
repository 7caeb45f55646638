"""Points above and below a curve that is typed."""

import numpy as np
import pytest

from inkgrad.data.curve import LONGEST_LETTERS, curve, function_of
from inkgrad.errors import SettingError

X = np.linspace(0.1, 0.9, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = sin 3x", np.sin(3 * X)),
        ("Y=SIN(3X)", np.sin(3 * X)),
        ("0.5 + 0.3 sin(10x)", 0.5 + 0.3 * np.sin(10 * X)),
        ("sin 2 pi x / 2 + .5", np.sin(2 * np.pi * X) / 2 + 0.5),
        ("1/2 x²", X**2 / 2),
        ("-x^2 + 1", 1 - X**2),
        ("2^-x", 2**-X),
        ("2^x^2", 2**X**2),
        ("x**2", X**2),
        ("1 - x - x", 1 - 2 * X),
        ("1 / 2 / x", 1 / 2 / X),
        ("2 - -x", 2 + X),
        ("sin(3x)^2", np.sin(3 * X) ** 2),
        ("sin x^2", np.sin(X**2)),
        ("sin 3x cos 2x", np.sin(3 * X) * np.cos(2 * X)),
        ("sin(x) x", np.sin(X) * X),
        ("abs(2x - 1)", np.abs(2 * X - 1)),
        ("exp -x", np.exp(-X)),
        ("e^(2x) − π·x", np.exp(2 * X) - np.pi * X),
        ("sqrt sin x", np.sqrt(np.sin(X))),
        ("0.7", np.full(5, 0.7)),
    ],
)
def test_a_text_is_the_function_that_it_writes_down(text, expected):
    np.testing.assert_allclose(function_of(text)(X), expected)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "something is missing"),
        ("y =", "something is missing"),
        ("x +", "something is missing"),
        ("sin", "something is missing"),
        ("foo x", "'foo' is unknown"),
        ("__import__", "'_' is unknown"),
        ("y == x", "'=' is unknown"),
        ("x $ 2", "'$' is unknown"),
        ("(x", "a ) is missing"),
        ("x)", "')' is one too many"),
        ("2..3", "a sign is missing before '.3'"),
        ("x 2 3", "a sign is missing before '3'"),
        ("٣x", "'٣' is unknown"),
        ("(" * LONGEST_LETTERS, "something is missing"),
    ],
)
def test_what_it_does_not_know_is_said_in_one_line(text, what):
    with pytest.raises(SettingError) as refused:
        function_of(text)
    message = str(refused.value)
    assert message.startswith("a curve is such as y = sin 3x; in ")
    assert what in message
    assert "\n" not in message


def test_a_very_long_text_is_refused():
    with pytest.raises(SettingError, match="a curve has at most 100 letters, got 101"):
        function_of("x" * 101)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("y = 3", "leaves nearly all points on one side"),
        ("9^9^9^9^9", "leaves nearly all points on one side"),
        ("sqrt(x - 0.5)", "has no value at x = 0"),
        ("0/0", "has no value at x = 0"),
    ],
)
def test_a_curve_that_parts_no_points_is_refused(text, what):
    with pytest.raises(SettingError, match=what):
        curve(text)


def test_points_above_the_curve_are_of_the_second_class_and_none_is_near():
    found = curve("y = 1 - x")
    assert found.labels == ("below", "above")
    assert (len(found.train), len(found.test)) == (120, 80)
    for each in found.train, found.test:
        away = each.x.sum(axis=1) - 1
        np.testing.assert_array_equal(each.t, away > 0)
        assert np.abs(away).min() > 0.0199
