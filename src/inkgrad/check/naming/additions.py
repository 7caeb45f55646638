"""Something added to the right gradient."""

from __future__ import annotations

from collections.abc import Iterator

from inkgrad.check.naming.case import Case, Guess


def weight_decay(case: Case) -> Iterator[Guess]:
    """A multiple of the parameter itself."""
    square = float((case.z * case.z).sum())
    if case.is_input or not square:
        return
    decay = float(((case.a - case.n) * case.z).sum()) / square
    message = f"{decay:.4g} {case.name} is added to d{case.name}: weight decay that the cost does not have"
    yield Guess("weight-decay", case.n + decay * case.z, message, {"lambda": decay}, n_fitted=1)
