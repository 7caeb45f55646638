"""Own forward: a backward beside the derivative that the framework itself takes of the same forward.

The forward of a torch Function or of a jax custom_vjp is made of operations that the framework can differentiate:
exact, for the price of one backward, and in large arrays too.  But a detach in it, or a call of another library,
makes that derivative another one.  So it is believed only where differences agree with it along a direction through
all arrays.
"""

from __future__ import annotations

import numpy as np

from inkgrad.check.joint import Asked, Joint, least_seen
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.verdict import ArrayVerdict, Strictness, root_mean_square
from inkgrad.errors import CheckError

ROUNDINGS = 1e3  # so many may lie between two ways to the same gradient


def by_own_forward(joint: Joint, layer: str, strictness: Strictness) -> tuple[ArrayVerdict, ...] | None:
    """Return the verdict on each array beside the derivative of forward itself; None where there is none to believe."""
    believed = _believed(joint, strictness)
    if believed is None:
        return None
    right, seen = believed
    dy = joint.dys[0]
    said = joint.subject.backward(joint.subject.arrays, dy.copy(), 0.0)
    room = ROUNDINGS * joint.subject.eps
    usual = max(map(root_mean_square, right.values())) or 1.0
    found = []
    for name, array in joint.subject.arrays.items():
        off = root_mean_square(said[name] - right[name]) / (root_mean_square(right[name]) or usual)
        error = 0.0 if off <= room else off  # NaN is off too
        least = max(room, least_seen([seen], name, joint.usual))  # what forward's derivative itself may be off by
        verdict = strictness.verdict(error, 0.0, least)
        found.append(ArrayVerdict(layer, name, array.size, verdict, error, least, "its own forward"))
    return tuple(found)


def own_gradients(joint: Joint, strictness: Strictness) -> Arrays | None:
    """Return dy J as forward itself gives it for the first dy of a subject, if differences agree."""
    believed = _believed(joint, strictness)
    return believed[0] if believed else None


def _believed(joint: Joint, strictness: Strictness) -> tuple[Arrays, Asked] | None:
    """Return dy J as forward itself gives it, and the direction along which differences agree."""
    subject = joint.subject
    if subject.reference is None or joint.findings:
        return None
    dy, v = joint.dys[0], joint.direction(subject.arrays)
    try:
        right = subject.reference(subject.arrays, dy.copy())
    except CheckError:  # what the framework cannot differentiate is judged by differences alone
        return None
    if not all(np.isfinite(gradient).all() for gradient in right.values()):
        return None
    rates, slopes = joint.point.rates(right, dy, v), joint.point.slopes(v)
    asked = Asked((joint.point.disagreement(slopes, rates),), (rates,))
    is_seen = all(least_seen([asked], name, joint.usual) <= strictness.sensitivity for name in subject.arrays)
    return (right, asked) if is_seen and not asked.is_wrong else None
