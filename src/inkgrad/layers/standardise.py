"""Standardising: numbers are shifted and scaled to mean 0 and variance 1, for the layers that normalise.

Over the n numbers of each set, with their mean m, variance v and r = 1 / √(v + eps),

    h_j = r (x_j - m)

Each x_i moves h_j in three ways: by itself, through the mean, and through the variance.  As
dm/dx_i = 1 / n and dv/dx_i = 2 (x_i - m) / n,

    dr/dx_i   = -r³ dv/dx_i / 2 = -r² h_i / n
    dh_j/dx_i = r (δ_ij - 1 / n) + (x_j - m) dr/dx_i
              = r (δ_ij - 1 / n - h_i h_j / n)

where δ_ij is 1 if i = j, else 0.  So

    dC/dx_i = sum_j dC/dh_j dh_j/dx_i
            = r (dC/dh_i - mean_j dC/dh_j - h_i mean_j (dC/dh_j h_j))

that is   dx = r (dh - mean dh - h ⊙ mean(dh ⊙ h)).
"""

from __future__ import annotations

from inkgrad.arrays import Array, namespace


def standardise(x: Array, axis: int | tuple[int, ...], eps: float) -> tuple[Array, Array]:
    """Return h and r, over the numbers along `axis`; eps keeps r finite where all x are equal."""
    xp = namespace(x)
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    r = 1 / xp.sqrt(xp.mean(centred * centred, axis=axis, keepdims=True) + eps)
    return r * centred, r


def standardise_backward(h: Array, r: Array, dh: Array, axis: int | tuple[int, ...]) -> Array:
    """Return dx, given dh = dC/dh."""
    xp = namespace(dh)
    return r * (dh - xp.mean(dh, axis=axis, keepdims=True) - h * xp.mean(dh * h, axis=axis, keepdims=True))
