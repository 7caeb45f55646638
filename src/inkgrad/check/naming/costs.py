"""Mistakes that only a cost can have: about targets, and about a softmax that is in it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.naming.case import Case, Guess, Mechanism


def cost_mechanisms(gradient_with: Callable[[Array], Array], t: Array) -> tuple[Mechanism, ...]:
    """Return the mechanisms for a cost with targets t, rows (N, K).

    `gradient_with` gives the numerical gradient with other targets.
    """

    def label_shift(case: Case) -> Iterator[Guess]:
        for shift in range(1, t.shape[1]):
            by = shift if shift <= t.shape[1] // 2 else shift - t.shape[1]
            message = f"dy is that of labels shifted by {by}: does counting start at 1 somewhere?"
            yield Guess("label-shift", case.dy * gradient_with(np.roll(t, shift, axis=1)), message, {"shift": by})

    def target_only(case: Case) -> Iterator[Guess]:
        message = "only the output of the true class gets a gradient; the others have one too"
        yield Guess("target-only", np.where(t > 0, case.n, 0), message)
        yield Guess("target-only", case.n * t, message)

    def fused_twice(case: Case) -> Iterator[Guess]:
        y, n = case.z, len(case.z)
        with np.errstate(all="ignore"):
            e = np.exp(y - y.max(axis=1, keepdims=True))
            q = e / e.sum(axis=1, keepdims=True)
            for predicted, message in (
                (y - t, "dy is y - t, which is right for logits with the softmax or sigmoid folded into the cost; "
                        "with a softmax layer as well, its derivative is applied twice"),
                ((y - t) / (y * (1 - y)), "dy is (y - t) / (y (1 - y)), that of a sum of binary cross-entropies, "
                                          "not of this cost"),
                (-t / y, "dy is -t / y, that of probabilities, not of this cost"),
                (-t / q, "dy is -t / softmax(y): the derivative of the softmax in this cost is left out"),
            ):  # fmt: skip
                yield Guess("fused-twice", case.dy * predicted / n, message)

    def smoothed(case: Case) -> Iterator[Guess]:
        term = t - 1 / t.shape[1]
        square = float((term * term).sum())
        if square:
            c = float(((case.a - case.n) * term).sum()) / square
            message = "a multiple of t - 1/K is added to dy: are labels smoothed in the gradient but not in the cost?"
            yield Guess("wrong-formula", case.n + c * term, message, {"c": c}, n_fitted=1)

    return label_shift, target_only, fused_twice, smoothed
