"""Mistakes about targets, and about a softmax that is in a cost or not; the right gradient tells the targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess


@dataclass(frozen=True)
class Entropy:
    """A cross-entropy of rows x (N, K) with targets t (N, K), whose gradient is `weights` (N, 1) times a formula.

    `own` is the formula of its gradient; `axis` is that of the classes in the array.
    """

    x: NDArray
    t: NDArray
    weights: NDArray
    own: str
    axis: int

    def formulas(self) -> dict[str, tuple[NDArray, str]]:
        """Return the gradients of cross-entropies of each sort, with what they are of, in words."""
        x, t = self.x, self.t
        q, s = _softmax(x), 1 / (1 + np.exp(-x))
        return {
            "exp(x) - t": (np.exp(x) - t, "logits, whose log-softmax is taken already"),
            "softmax(x) - t": (q - t, "logits, with the softmax folded into the cost"),
            "-t": (-t, "log-probabilities"),
            "-t / x": (-t / x, "probabilities"),
            "sigmoid(x) - t": (s - t, "logits, with the sigmoid folded into the cost"),
            "x - t": (x - t, "logits whose softmax or sigmoid gives x"),
            "(x - t) / (x (1 - x))": ((x - t) / (x * (1 - x)), "a sum of binary cross-entropies"),
            "-t / softmax(x)": (-t / q, "probabilities, without the derivative of the softmax"),
        }

    @property
    def hard(self) -> NDArray:
        """The targets with a 1 for the largest of each row."""
        is_largest = self.t >= self.t.max(axis=1, keepdims=True) - 1e-6
        return np.asarray(is_largest & (self.t.sum(axis=1, keepdims=True) > 0.5), np.float64)


def cost_mistakes(case: Case) -> Iterator[Guess]:
    """Other targets, another sort of cross-entropy, or only the true class."""
    entropy = _entropy_of(case)
    if entropy is None:
        return

    def shaped(rows: NDArray) -> NDArray:
        """Return the gradient of rows in the shape of the array."""
        last = np.moveaxis(case.z, entropy.axis, -1).shape
        return np.moveaxis((entropy.weights * rows).reshape(last), -1, entropy.axis)

    own = entropy.formulas()[entropy.own][0]
    message = "only the output of the true class gets a gradient; the others have one too"
    yield Guess(Kind.target_only, shaped(np.where(entropy.hard > 0, own, 0)), message)
    for shift in range(1, entropy.t.shape[1]) if entropy.own in ("softmax(x) - t", "sigmoid(x) - t") else ():
        by = shift if shift <= entropy.t.shape[1] // 2 else shift - entropy.t.shape[1]
        message = f"d{case.name} is that of labels shifted by {by}: does counting start at 1 somewhere?"
        predicted = shaped(own + entropy.t - np.roll(entropy.t, shift, axis=1))
        yield Guess(Kind.label_shift, predicted, message, {"shift": by})
    for name, (formula, words) in entropy.formulas().items():
        if name != entropy.own:
            message = (
                f"d{case.name} is {_said(name, case)}, that of {words}; of this cost it is {_said(entropy.own, case)}"
            )
            yield Guess(Kind.fused_twice, shaped(formula), message)
    if entropy.own == "softmax(x) - t":
        term, unsmoothed = entropy.hard - 1 / entropy.t.shape[1], own + entropy.t - entropy.hard
        yield from _smoothing(case, shaped(term), shaped(unsmoothed))


def _said(formula: str, case: Case) -> str:
    """Return a formula with the array's own name for x."""
    return re.sub(r"\bx\b", case.name, formula)


def _smoothing(case: Case, term: NDArray, unsmoothed: NDArray) -> Iterator[Guess]:
    """Yield that labels are smoothed in the cost alone, or in the gradient alone."""
    message = f"d{case.name} is that of labels that are not smoothed, while the cost has them smoothed"
    yield Guess(Kind.wrong_formula, unsmoothed, message)
    square = float((term * term).sum())
    c = float(((case.a - case.n) * term).sum()) / square if square else 0.0
    message = "a multiple of t - 1/K is added: are labels smoothed in the gradient but not in the cost?"
    yield Guess(Kind.wrong_formula, case.n + c * term, message, {"c": c}, n_fitted=1)


def _entropy_of(case: Case) -> Entropy | None:
    """Return what cross-entropy the cost is, by its right gradient; None if it is none."""
    j = case.n.reshape(1, -1) / case.dy if case.y.ndim == 0 else case.jacobian
    if case.z.ndim < 2 or j is None:
        return None
    for axis in dict.fromkeys((case.z.ndim - 1, 1)):
        x = np.moveaxis(case.z, axis, -1)
        if x.shape[-1] < 2 or case.y.size not in (1, x.size // x.shape[-1]):
            continue
        rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
        for_ones = np.moveaxis(j.sum(axis=0).reshape(case.z.shape), axis, -1).reshape(rows.shape)
        dy = np.broadcast_to(case.dy.reshape(-1, 1), (len(rows), 1)).astype(np.float64)
        found = next(_entropies(rows, for_ones, axis), None)
        if found is not None:
            return Entropy(found.x, found.t, found.weights * dy, found.own, axis)
    return None


def _entropies(x: NDArray, g: NDArray, axis: int) -> Iterator[Entropy]:
    """Yield what cross-entropies of rows have the gradient g; rows that are all 0 count nothing."""
    size = np.abs(g).max(initial=0)
    room = 1e-6 * size
    if not size > 0:
        return
    t = np.asarray(g < -room, np.float64)
    counts, q = np.abs(g).max(axis=1, keepdims=True) > room, _softmax(x)
    is_one = t.sum(axis=1) == 1
    if is_one[counts[:, 0]].all() and counts.sum() >= 2:  # class numbers
        others = np.where(t > 0, 0, g).sum(axis=1, keepdims=True) / np.where(t > 0, 0, q).sum(axis=1, keepdims=True)
        at_true = (g * t).sum(axis=1, keepdims=True)
        ways = [
            ("-t", -at_true, -t),
            ("-t / x", -at_true * (x * t).sum(axis=1, keepdims=True), -t / np.where(t > 0, x, 1)),
            ("softmax(x) - t", others, q - t),
        ]
        ways.sort(
            key=lambda way: float(np.ptp(way[1][counts])) > 1e-6 * float(np.abs(way[1]).max())
        )  # equal ones first
        for own, weights, formula in ways:
            if np.abs(weights * formula - g).max() <= room:
                yield Entropy(x, t, weights, own, axis)
    n_counted = int(counts.sum())
    for weight in (1.0, 1 / len(x), 1 / n_counted):
        soft = np.where(counts, q - g / weight, 0)
        sums = soft.sum(axis=1)[counts[:, 0]]
        if np.abs(sums - 1).max() < 1e-6 and soft.min() > -1e-6 and len(np.unique(soft.round(5))) <= 4:
            yield Entropy(x, soft, np.where(counts, weight, 0.0), "softmax(x) - t", axis)
    for weight in (1.0, 1 / len(x), 1 / x.size):
        bits = 1 / (1 + np.exp(-x)) - g / weight
        if np.abs(bits - np.rint(bits)).max() < 1e-6 and set(np.rint(bits).ravel()) == {0.0, 1.0}:
            yield Entropy(x, np.rint(bits), np.full((len(x), 1), weight), "sigmoid(x) - t", axis)


def _softmax(x: NDArray) -> NDArray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
