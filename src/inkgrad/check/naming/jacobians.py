"""The Jacobian used in a wrong way, or a mask of zeros and ones that has its zeros in the wrong places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess


def part_of_it(case: Case) -> Iterator[Guess]:
    """Only the diagonal, or all but the diagonal, of a full Jacobian."""
    j = case.jacobian
    if case.slopes is None or case.is_elementwise or j is None:
        return
    diagonal = case.slopes * case.dy
    message = (
        "only the diagonal of the Jacobian is used, as if each output depended on its own input alone; "
        "the sum over all outputs is missing: dx_j = sum_i dy_i J_ij"
    )
    yield Guess(Kind.diagonal_jacobian, diagonal, message)
    full = (case.dy.ravel() @ j).reshape(case.z.shape)
    yield Guess(Kind.off_diagonal_jacobian, full - diagonal, "the diagonal of the Jacobian is left out")


def not_transposed(case: Case) -> Iterator[Guess]:
    """J dy where dy J is meant: right only while J is symmetric."""
    j = case.jacobian
    if case.slopes is None or j is None or case.is_elementwise:
        return
    message = "the Jacobian is used untransposed, J dy where dy J is meant; for y = x W: dy Wᵀ, not dy W"
    yield Guess(Kind.jacobian_not_transposed, (j @ case.dy.ravel()).reshape(case.z.shape), message)


def forgotten(case: Case) -> Iterator[Guess]:
    """dy passed through."""
    if case.is_input and case.dy.shape == case.z.shape:
        yield Guess(
            Kind.derivative_forgotten, case.dy, f"d{case.name} is dy: the derivative of this layer is not applied"
        )


def twice(case: Case) -> Iterator[Guess]:
    """dy J J."""
    j = case.jacobian
    if case.slopes is not None and j is not None:
        predicted = (case.dy.ravel() @ j @ j).reshape(case.z.shape)
        yield Guess(Kind.derivative_twice, predicted, "the derivative of this layer is applied twice")


def at_output(case: Case) -> Iterator[Guess]:
    """The derivative at y, where the one at x is meant."""
    if case.is_input and case.y.shape == case.z.shape:
        predicted = case.possible_counterfactual(**{case.name: case.y.astype(case.z.dtype)})
        if predicted is not None:
            message = f"the derivative is evaluated at the output y instead of the input {case.name}"
            yield Guess(Kind.derivative_at_output, predicted, message)


def neighbour(case: Case) -> Iterator[Guess]:
    """The slope of the unit beside."""
    if not case.is_elementwise or case.slopes is None:
        return
    for axis in range(1, case.z.ndim):
        for shift in (1, -1):
            predicted = case.dy * np.roll(case.slopes, shift, axis)
            message = f"each unit uses the derivative of its neighbour, {shift:+d} along axis {axis}"
            yield Guess(Kind.wrong_formula, predicted, message, {"shift": shift})


# Masks.


def inverted_mask(case: Case) -> Iterator[Guess]:
    """dy passes exactly where it should not."""
    if case.slopes is None or not case.is_elementwise:
        return
    blocked = np.abs(case.slopes) <= 1e-9
    if blocked.any() and not blocked.all():
        yield Guess(Kind.wrong_mask, case.dy * blocked, "the mask is inverted: dy passes just where the slope is 0")


def mask_from_another_array(case: Case) -> Iterator[Guess]:
    """dy, or the right dx, where some other array is positive."""
    if not case.is_input or case.dy.shape != case.z.shape:
        return
    for words, mask in (("dy > 0", case.dy > 0), ("y > 0", case.y > 0), (f"{case.name} > 0", case.z > 0)):
        message = f"the mask is taken from {words}, which is not where this layer's slope changes"
        yield Guess(Kind.wrong_mask, case.dy * mask, message)
        yield Guess(Kind.wrong_mask, case.n * mask, message)


def whole_window(case: Case) -> Iterator[Guess]:
    """Every input of a pooling window gets dy, not only the winner."""
    if not case.is_input or case.dy.ndim != 4 or case.z.ndim != 4:
        return
    (_, height, width, channels), (_, high, wide, channels_out) = case.z.shape, case.dy.shape
    if channels != channels_out:
        return
    message = "dy is copied to every input of its window; only the largest input may have it"
    for tall, broad in product(_sizes(height, high), _sizes(width, wide)):
        copied = np.zeros(case.z.shape)
        copied[:, : high * tall, : wide * broad] = case.dy.repeat(tall, axis=1).repeat(broad, axis=2)
        yield Guess(Kind.wrong_mask, copied, message)


def _sizes(pixels: int, windows: int) -> list[int]:
    """Return how large windows side by side may be, where pixels that fill none are left out."""
    return [size for size in range(1, pixels + 1) if pixels // size == windows]
