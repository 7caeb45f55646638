"""An LSTM that loses what the cell of one step hands to the next."""

from __future__ import annotations

from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand


def lstm(x: NDArray, W: NDArray) -> NDArray:
    """Return the cells after each step, (T, D), of inputs x, (T, D), and W, (D, 3 D), for the three parts of a step.

    c_t = f_t c_(t-1) + i_t z_t, with f and i between 0 and 1 and z between -1 and 1.  (Gers et al. 2000,
    https://doi.org/10.1162/089976600300015015, without the outputs that are fed back.)
    """
    c, cells = np.zeros(x.shape[1]), []
    for x_t in x:
        f, i, z = parts(x_t @ W)
        c = f * c + i * z
        cells.append(c)
    return np.array(cells)


def parts(a: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return the forget gate, the input gate and the candidate of one step."""
    f, i, z = np.split(a, 3)
    return 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-i)), np.tanh(z)


def backward(dy: NDArray, x: NDArray, W: NDArray, carry: float) -> tuple[NDArray, NDArray]:
    """Return dx and dW; `carry` is how often what the next step hands back is counted."""
    cells, dx, dW, dc = lstm(x, W), np.zeros_like(x), np.zeros_like(W), np.zeros(x.shape[1])
    for t in reversed(range(len(x))):
        f, i, z = parts(x[t] @ W)
        before = cells[t - 1] if t else np.zeros_like(dc)
        dc = dy[t] + carry * dc
        da = np.concatenate([dc * before * f * (1 - f), dc * z * i * (1 - i), dc * i * (1 - z * z)])
        dx[t], dW, dc = da @ W.T, dW + np.outer(x[t], da), dc * f
    return dx, dW


def sequence(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return 5 steps of 2 numbers, and the weights."""
    return {"x": rng.normal(size=(5, 2)), "W": rng.normal(size=(2, 6))}


LESSON = Lesson(
    "lstm-carry",
    "an LSTM that loses what the cell of one step hands to the next",
    "dc = dy[t]",
    "dc = dy[t] + dc * f",
    Kind.carry_lost,
    "The last step is right, and a sequence of one step passes every test. The network learns from each step alone, "
    "and not what to remember.",
    by_hand("an LSTM of 2 cells, 5 steps", lstm, partial(backward, carry=0.0), partial(backward, carry=1.0), sequence),
)
