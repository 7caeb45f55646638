"""Points above and below a curve that is typed, such as y = sin 3x."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.examples import Dataset, Examples
from inkgrad.errors import SettingError

Function = Callable[[NDArray], NDArray]

FUNCTIONS: dict[str, Function] = {
    name: getattr(np, name) for name in ("sin", "cos", "tan", "tanh", "exp", "log", "sqrt", "abs")
}
CONSTANTS = {"pi": np.pi, "e": np.e}
LONGEST_LETTERS = 100
WORD = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+|[a-z]+|\*\*|[-+*/^()])")
TYPED_SO = str.maketrans({"²": "^2", "³": "^3", "·": "*", "×": "*", "−": "-", "π": "pi "})
KNOWN = f"x, numbers, + - * / ^ ( ), {', '.join(CONSTANTS)}, {', '.join(FUNCTIONS)}"


def curve(text: str) -> Dataset:
    """Return 120 training and 80 test points in the unit square, labelled "below" or "above" a curve y = f(x).

    Points are drawn evenly over the square from a fixed seed; those within 0.02 of the curve, up or down, are left out.

    Raises SettingError for a text that `function_of` refuses, for one that has no value somewhere from 0 to 1, and for
    a curve with fewer than 10 of the points on one side.
    """
    f, rng = function_of(text), np.random.default_rng(2018)
    x = rng.random((2000, 2))
    with np.errstate(all="ignore"):
        away = x[:, 1] - f(x[:, 0])
    if np.isnan(away).any():
        raise SettingError(
            f"{text!r} has no value at x = {x[np.isnan(away)][0, 0]:.3g}: take one that has, from 0 to 1"
        )
    x, away = x[np.abs(away) > 0.02][:200], away[np.abs(away) > 0.02][:200]
    t = (away > 0).astype(int)
    if not 10 <= t.sum() <= len(t) - 10:
        raise SettingError(f"{text!r} leaves nearly all points on one side: let it go through the square from 0 to 1")
    examples = x.astype(np.float32)
    return Dataset(Examples(examples[:120], t[:120]), Examples(examples[120:], t[120:]), ("below", "above"))


def function_of(text: str) -> Function:
    """Return the function of x that a text writes down, with or without "y =" before it.

    Products may leave out their sign, and a function without parentheses takes all that is multiplied so:
    sin 3x is sin(3 x).  Powers bind more than a minus before them, and from the right.

    Raises SettingError, in one line, for what is none.

    >>> function_of("y = 1/2 + x sin 2x")(np.array([0, np.pi / 4])).round(4)
    array([0.5   , 1.2854])
    """
    return _Parser(text).whole()


class _Parser:
    """Goes through the words of a text, and makes a function of each part."""

    def __init__(self, text: str) -> None:
        self._text = text
        if len(text) > LONGEST_LETTERS:
            raise SettingError(f"a curve has at most {LONGEST_LETTERS} letters, got {len(text)}")
        rest = re.sub(r"^\s*y\s*=", "", text.lower()).translate(TYPED_SO)
        self._words: list[str] = []
        while rest.strip():
            word = WORD.match(rest)
            if word is None:
                raise self._refusal(f"{rest.strip()[0]!r} is unknown")
            self._words.append(word[1])
            rest = rest[word.end() :]
        self._at = 0

    @property
    def _next(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _take(self) -> str:
        word = self._next
        self._at += 1
        return word

    def _refusal(self, what: str) -> SettingError:
        return SettingError(f"a curve is such as y = sin 3x; in {self._text[:40]!r} {what}: it may have {KNOWN}")

    def whole(self) -> Function:
        found = self._sum()
        if self._next:
            raise self._refusal(f"{self._next!r} is one too many")
        return lambda x: np.broadcast_to(found(x), x.shape)

    def _sum(self) -> Function:
        found = self._product()
        while self._next in ("+", "-"):
            left, sign, right = found, self._take(), self._product()
            found = _added(left, right) if sign == "+" else _subtracted(left, right)
        return found

    def _product(self) -> Function:
        found = self._signed()
        while self._next in ("*", "/") or self._begins():
            if self._begins():
                found = _multiplied(found, self._factor())
            else:
                left, sign, right = found, self._take(), self._signed()
                found = _multiplied(left, right) if sign == "*" else _divided(left, right)
        return found

    def _begins(self) -> bool:
        """Whether the next word begins a factor without a sign before it."""
        return self._next == "(" or self._next[:1].isalnum() or self._next[:1] == "."

    def _factor(self) -> Function:
        """Return a factor that has no sign before it, so that it must be told from what is before."""
        before, now = self._words[self._at - 1], self._next
        if before[-1] in "0123456789." and now[0] in "0123456789.":
            raise self._refusal(f"a sign is missing before {now!r}")
        return self._power()

    def _signed(self) -> Function:
        if self._next in ("+", "-"):
            sign, of = self._take(), self._signed()
            return of if sign == "+" else lambda x: -of(x)
        return self._power()

    def _power(self) -> Function:
        base = self._atom()
        if self._next in ("^", "**"):
            self._take()
            return _raised(base, self._signed())
        return base

    def _atom(self) -> Function:
        word = self._take()
        if word == "(":
            found = self._sum()
            if self._take() != ")":
                raise self._refusal("a ) is missing")
            return found
        if word == "x":
            return lambda x: x
        if word in CONSTANTS:
            return _constant(CONSTANTS[word])
        if word in FUNCTIONS:
            return _applied(FUNCTIONS[word], self._argument())
        if word[:1].isdigit() or word[:1] == ".":
            return _constant(float(word))
        raise self._refusal(f"{word!r} is unknown" if word.isalpha() else "something is missing")

    def _argument(self) -> Function:
        """Return what stands in parentheses, or else all factors without a sign between them, up to a function."""
        if self._next == "(":
            return self._atom()
        found = self._signed()
        while self._begins() and self._next not in FUNCTIONS:
            found = _multiplied(found, self._factor())
        return found


def _constant(value: float) -> Function:
    return lambda x: np.full(x.shape, value)


def _applied(function: Function, of: Function) -> Function:
    return lambda x: function(of(x))


def _added(f: Function, g: Function) -> Function:
    return lambda x: f(x) + g(x)


def _subtracted(f: Function, g: Function) -> Function:
    return lambda x: f(x) - g(x)


def _multiplied(f: Function, g: Function) -> Function:
    return lambda x: f(x) * g(x)


def _divided(f: Function, g: Function) -> Function:
    return lambda x: f(x) / g(x)


def _raised(f: Function, g: Function) -> Function:
    return lambda x: f(x) ** g(x)
