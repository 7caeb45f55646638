"""Right numbers in the wrong amount: none or some of them, a multiple, some examples only, more added, or coarse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess
from inkgrad.check.naming.factors import factor_names

ROUNDING = 1e-12  # of a gradient: terms that should have been other ones cancel up to so much


def nothing(case: Case) -> Iterator[Guess]:
    """All zero, or never written; also where it is rounding, which is no small multiple of the right one."""
    sizes = float(np.linalg.norm(case.a)), float(np.linalg.norm(case.n))
    if sizes[0] > ROUNDING * sizes[1] or abs(float(np.vdot(case.a, case.n))) > 0.99 * sizes[0] * sizes[1] > 0:
        return
    message = f"d{case.name} is all zero: is it forgotten, or never written?"
    yield Guess(Kind.zero, np.zeros_like(case.n), message)


def some_missing(case: Case) -> Iterator[Guess]:
    """Zero in some places, right in the others."""
    missing = (case.a == 0) & (np.abs(case.n) > case.bar)
    if missing.any() and not missing.all():
        where = _what_they_share(case, missing)
        count = int(missing.sum())
        message = f"{count} of {missing.size} entries of d{case.name} are zero and the others right: {where}"
        yield Guess(Kind.missing, np.where(missing, 0, case.n), message, {"count": count, "where": where})


def _what_they_share(case: Case, missing: NDArray) -> str:
    for axis in range(missing.ndim):
        others = tuple(k for k in range(missing.ndim) if k != axis)
        whole = missing.all(axis=others)
        if whole.any() and (missing == np.expand_dims(whole, others)).all():
            return f"those at index {[int(k) for k in np.flatnonzero(whole)]} of axis {axis}"
    if case.is_input:
        x = case.z
        live = np.abs(case.n) > case.bar
        if ((x < 0) & live == missing).all():
            return f"those where {case.name} < 0; is the slope of the negative branch lost?"
        low, high = float(x[missing].min()), float(x[missing].max())
        if low == high:
            return f"those where {case.name} is {low:.3g}; is that left out?"
        if not (live & ~missing & (x >= low) & (x <= high)).any():
            return f"those where {case.name} is from {low:.3g} to {high:.3g}; is a threshold wrong?"
    small, rest = np.abs(case.n[missing]).max(), np.abs(case.n[~missing])
    if rest.size and small < rest[rest > 0].min(initial=np.inf):
        return f"the smallest, up to {small:.1e}; do they underflow in a coarse type?"
    return f"the first at {[int(k) for k in np.argwhere(missing)[0]]}"


def multiple(case: Case) -> Iterator[Guess]:
    """The same multiple everywhere."""
    if case.explains(-case.n):
        yield Guess(Kind.sign, -case.n, f"d{case.name} is right but for its sign", {"factor": -1.0})
        return
    square = float((case.n * case.n).sum())
    c = float((case.a * case.n).sum()) / square if square else 0.0
    if c == 0:
        return
    names = factor_names(case, c)
    known = f", that is {' or '.join(names)}" if names else ""
    message = f"d{case.name} is {c:.6g} times what it should be{known}"
    yield Guess(Kind.factor, c * case.n, message, {"factor": c, "names": names}, n_fitted=0 if names else 1)


def multiple_somewhere(case: Case) -> Iterator[Guess]:
    """Right in some places, and the same multiple in all others."""
    wrong = np.abs(case.a - case.n) > case.bar + case.tolerance * np.abs(case.n)
    if wrong.all() or np.count_nonzero(wrong) < 3 or not case.n[wrong].all():
        return
    c = float(np.median(case.a[wrong] / case.n[wrong]))
    names = factor_names(case, c)
    known = f", that is {' or '.join(names)}" if names else ""
    count, first = int(wrong.sum()), [int(k) for k in np.argwhere(wrong)[0]]
    places = f"{count} of {wrong.size} entries, the first at {first}"
    message = f"d{case.name} is {c:.6g} times what it should be{known} in {places}; the others are right"
    predicted = np.where(wrong, c * case.n, case.n)
    yield Guess(Kind.term_factor, predicted, message, {"factor": c, "names": names}, n_fitted=1)


def per_row_or_column(case: Case) -> Iterator[Guess]:
    """A factor for each row, or each column."""
    if case.n.ndim < 2:
        return
    for axis, kind in ((0, Kind.factor_per_row), (case.n.ndim - 1, Kind.factor_per_column)):
        rows = np.moveaxis(case.n, axis, 0).reshape(case.n.shape[axis], -1)
        if np.linalg.matrix_rank(rows, tol=1e-6 * float(np.linalg.norm(rows))) < 2:
            continue  # rows that are multiples of one another are so of any such
        others = tuple(k for k in range(case.n.ndim) if k != axis)
        square = (case.n**2).sum(axis=others, keepdims=True)
        if not square.all() or case.n.size < 3 * case.n.shape[axis]:  # fewer in each fit too easily
            continue
        if case.inside and case.inside.is_bound(case.name, axis):  # then all that is wrong above it is such a multiple
            continue
        factors = (case.a * case.n).sum(axis=others, keepdims=True) / square
        shown = np.array2string(factors.ravel()[:6], precision=4)
        what = "row" if axis == 0 else "column"
        message = f"each {what} of d{case.name} is multiplied by a number of its own, {shown}"
        yield Guess(kind, factors * case.n, message, {"factors": factors.ravel()})


def weighted(case: Case) -> Iterator[Guess]:
    """Each example counts with a weight of its own, where all should count once."""
    parts = case.per_example
    if case.is_input or parts is None or len(parts) < 2 or case.n.size < 2:
        return
    columns = parts.reshape(len(parts), -1).T
    weights, _, rank, _ = np.linalg.lstsq(columns, case.a.ravel(), rcond=None)
    if rank < len(parts) or np.ptp(weights) < 1e-3 or columns.shape[0] <= len(parts):
        return
    if len(np.unique(weights.round(4))) > 2:  # a mistake leaves some out, or doubles some
        return
    predicted = (columns @ weights).reshape(case.n.shape)
    shown = np.array2string(weights.round(4) + 0.0, max_line_width=200)
    message = f"the examples of the batch count {shown} times in d{case.name}, where each should count once: = for +=?"
    yield Guess(Kind.one_example, predicted, message, {"weights": weights})


def one_each(case: Case) -> Iterator[Guess]:
    """Each entry holds what the first, or the last, example that touches it adds."""
    parts = case.per_example
    if case.is_input or parts is None or len(parts) < 2:
        return
    touched = np.abs(parts) > case.bar
    last = len(parts) - 1 - np.argmax(touched[::-1], axis=0)
    for which, index in (("first", np.argmax(touched, axis=0)), ("last", last)):
        predicted = np.take_along_axis(parts, index[np.newaxis], axis=0)[0]
        message = f"d{case.name} holds the part of the {which} example alone, not the sum over the batch: = for +=?"
        yield Guess(Kind.one_example, predicted, message, {"example": which})


def weight_decay(case: Case) -> Iterator[Guess]:
    """A multiple of the parameter itself, whatever dy is; a cost has no other dy."""
    square = float((case.z * case.z).sum())
    if case.is_input or not square:
        return
    decay = float(((case.a - case.n) * case.z).sum()) / square
    if case.y.ndim and not np.allclose(case.without_dy, decay * case.z, rtol=1e-3, atol=1e-9 * np.abs(case.z).max()):
        return
    message = f"{decay:.4g} {case.name} is added to d{case.name}: weight decay that the cost does not have"
    yield Guess(Kind.weight_decay, case.n + decay * case.z, message, {"lambda": decay}, n_fitted=1)


def coarse_type(case: Case) -> Iterator[Guess]:
    """Every number is one that a coarse type has, and near the right one."""
    off = float(np.abs(case.a - case.n).max(initial=0))
    for name, coarse, unit in (
        ("bfloat16", _bfloat16(case.a), 2.0**-8),  # whose numbers float16 has too, but not the other way round
        ("float16", case.a.astype(np.float16), 2.0**-11),
        ("float32", case.a.astype(np.float32), 2.0**-24),
    ):
        # a sum of a few products in a coarse type is off by no more than 32 of its units
        near = off <= 32 * unit * float(np.abs(case.n).max(initial=0)) + float(case.bar.max(initial=0))
        if near and unit > 4 * case.subject.eps and np.array_equal(coarse.astype(np.float64), case.a):
            message = f"d{case.name} is right up to the rounding of {name}: it was computed or kept in that type"
            yield Guess(Kind.imprecise, case.a, message, {"type": name})


def _bfloat16(array: NDArray) -> NDArray:
    """Return an array cut to the upper half of its float32 bits, which is bfloat16."""
    bits = array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return np.asarray(bits.view(np.float32))
