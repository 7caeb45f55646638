"""NumPy: the overlap of masks as a cost, a matrix of norm 1, and channels that are weighed by their means."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, vjp_call


@broken(
    Mistake(
        "tversky-weights-exchanged",
        "what weighs the false positives in forward weighs the misses in backward, and the other way round",
        "over, under = 0.3, 0.7  # of backward",
        "over, under = 0.7, 0.3",
        {"logits": "term-factor"},
    ),
    Mistake(
        "tversky-quotient-rule",
        "only the numerator is derived: the denominator stands as a number",
        "dp = (dhit * below - hit * dbelow) / below**2",
        "dp = dhit / below + 0 * dbelow",
        {"logits": "term-missing"},
    ),
    Mistake(
        "tversky-of-the-batch",
        "the hits are counted in each picture in forward, and over the batch in backward",
        "hit = (p * masks).sum(axis=1, keepdims=True) + 1",
        "hit = (p * masks).sum() + 1",
        {"logits": "wrong-axis wrong-argument"},
    ),
)
def tversky(rng):
    masks = (rng.uniform(size=(3, 8)) < 0.4).astype(float)

    def cost(logits):
        over, under = 0.3, 0.7
        p = 1 / (1 + np.exp(-logits))
        hit = (p * masks).sum(axis=1)
        false = (p * (1 - masks)).sum(axis=1)
        missed = ((1 - p) * masks).sum(axis=1)
        return 1 - ((hit + 1) / (hit + over * false + under * missed + 1)).mean()

    def cost_gradient(logits):
        over, under = 0.3, 0.7  # of backward
        p = 1 / (1 + np.exp(-logits))
        hit = (p * masks).sum(axis=1, keepdims=True) + 1
        false = (p * (1 - masks)).sum(axis=1, keepdims=True)
        missed = ((1 - p) * masks).sum(axis=1, keepdims=True)
        below = hit + over * false + under * missed
        dhit = masks
        dbelow = masks + over * (1 - masks) - under * masks
        dp = (dhit * below - hit * dbelow) / below**2
        return -dp * p * (1 - p) / len(logits)

    return gradient_call(cost, cost_gradient, rng.normal(size=(3, 8)))


@broken(
    Mistake(
        "spectral-norm-constant",
        "the matrix is divided by its norm, which is taken for a constant",
        "dw = dw - (dw * w).sum() / norm * dnorm",
        "pass",
        {"w": "term-missing statistics-constant"},
    ),
    Mistake(
        "spectral-vectors-exchanged",
        "the norm's slope is the outer product of the two vectors, and they stand the wrong way round",
        "dnorm = np.outer(u, v)",
        "dnorm = np.outer(v, u)",
        {"w": "transposed"},
    ),
)
def spectral_linear(rng):
    u, v = rng.normal(size=4), rng.normal(size=4)
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)

    def linear(x, w, b):
        norm = u @ w @ v
        return x @ (w / norm).T + b

    def linear_vjp(dy, x, w, b):
        norm = u @ w @ v
        dw = dy.T @ x
        dnorm = np.outer(u, v)
        dw = dw - (dw * w).sum() / norm * dnorm
        return dy @ w / norm, dw / norm, dy.sum(axis=0)

    return vjp_call(linear, linear_vjp, rng.normal(size=(6, 4)), rng.normal(size=(4, 4)) + 2 * np.outer(u, v), u)


@broken(
    Mistake(
        "excite-weights-constant",
        "x is multiplied by weights that are made of x, and they are taken for given",
        "dx = dx + dmeans[:, :, None, None] / (h * w)",
        "pass",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "excite-sum-for-mean",
        "the mean of a channel gives its gradient to each pixel whole, as a sum does",
        "dx = dx + dmeans[:, :, None, None] / (h * w)",
        "dx = dx + dmeans[:, :, None, None]",
        {"x": "term-factor"},
    ),
    Mistake(
        "excite-of-one-pixel",
        "what weighs a channel has its dy from all pixels, and here from their mean",
        "dscale = (dy * x).sum(axis=(2, 3))",
        "dscale = (dy * x).mean(axis=(2, 3))",
        {"x": "term-factor", "w1": "factor", "w2": "factor"},
    ),
)
def squeeze_and_excite(rng):
    def excited(x, w1, w2):
        means = x.mean(axis=(2, 3))
        hidden = np.maximum(means @ w1, 0)
        scale = 1 / (1 + np.exp(-(hidden @ w2)))
        return x * scale[:, :, None, None]

    def excited_vjp(dy, x, w1, w2):
        h, w = x.shape[2:]
        means = x.mean(axis=(2, 3))
        hidden = np.maximum(means @ w1, 0)
        scale = 1 / (1 + np.exp(-(hidden @ w2)))
        dx = dy * scale[:, :, None, None]
        dscale = (dy * x).sum(axis=(2, 3))
        dlogits = dscale * scale * (1 - scale)
        dhidden = dlogits @ w2.T * (hidden > 0)
        dmeans = dhidden @ w1.T
        dx = dx + dmeans[:, :, None, None] / (h * w)
        return dx, means.T @ dhidden, hidden.T @ dlogits

    return vjp_call(
        excited, excited_vjp, rng.normal(size=(3, 4, 2, 3)), rng.normal(size=(4, 5)), rng.normal(size=(5, 4))
    )
