"""NumPy: activations, costs of one number, masks and the like."""

import numpy as np

from mistakes.case import Mistake, broken, vjp_call


@broken(
    Mistake(
        "gelu-inner-power",
        "the inner derivative of 0.044715 x³ lacks the 3 of the power",
        "inner = c * (1 + 3 * 0.044715 * x**2)",
        "inner = c * (1 + 0.044715 * x**2)",
        {"x": "term-factor"},
    ),
    Mistake(
        "gelu-x-of-the-gate",
        "only the product's first factor is differentiated: the slope of the tanh inside is forgotten",
        "return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)",
        "return dy * 0.5 * (1 + t)",
        {"x": "term-missing"},
    ),
)
def gelu_tanh(rng):
    c = np.sqrt(2 / np.pi)

    def gelu(x):
        return 0.5 * x * (1 + np.tanh(c * (x + 0.044715 * x**3)))

    def gelu_vjp(dy, x):
        t = np.tanh(c * (x + 0.044715 * x**3))
        inner = c * (1 + 3 * 0.044715 * x**2)
        return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)

    return vjp_call(gelu, gelu_vjp, rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "softplus-beta-inside",
        "the sigmoid is taken of x, and not of beta x as forward has it",
        "return dy / (1 + np.exp(-beta * x))",
        "return dy / (1 + np.exp(-x))",
        {"x": "wrong-argument wrong-formula"},
    )
)
def softplus_with_beta(rng):
    beta = 2.5

    def softplus(x):
        return np.log1p(np.exp(beta * x)) / beta

    def softplus_vjp(dy, x):
        return dy / (1 + np.exp(-beta * x))

    return vjp_call(softplus, softplus_vjp, rng.normal(size=(3, 11)))


@broken(
    Mistake(
        "huber-delta-in-the-tails",
        "in the linear tails the slope is the sign alone: delta is forgotten there",
        "g = np.where(np.abs(r) <= delta, r, delta * np.sign(r))",
        "g = np.where(np.abs(r) <= delta, r, np.sign(r))",
        {"y": "term-factor factor", "t": "term-factor factor"},
    ),
    Mistake(
        "huber-weight-of-examples",
        "the weights of the examples are in the cost, and not in its gradient",
        "g = dy * w[:, None] * g",
        "g = dy * g",
        {"y": "factor-per-row", "t": "factor-per-row"},
    ),
)
def huber_with_weights(rng):
    delta = 0.4
    w = rng.uniform(0.5, 2, size=7)

    def huber(y, t):
        r = y - t
        quadratic = 0.5 * r**2
        linear = delta * (np.abs(r) - 0.5 * delta)
        return w[:, None] * np.where(np.abs(r) <= delta, quadratic, linear)

    def huber_vjp(dy, y, t):
        r = y - t
        g = np.where(np.abs(r) <= delta, r, delta * np.sign(r))
        g = dy * w[:, None] * g
        return g, -g

    return vjp_call(huber, huber_vjp, rng.normal(size=(7, 3)), rng.normal(size=(7, 3)))


@broken(
    Mistake(
        "dropout-scaled-twice",
        "the mask already holds 1 / keep, and dx is divided by keep once more",
        "return dy * mask",
        "return dy * mask / keep",
        {"x": "factor"},
    )
)
def inverted_dropout(rng):
    keep = 0.7
    mask = (rng.random(size=(5, 7)) < keep) / keep

    def dropout(x):
        return x * mask

    def dropout_vjp(dy, x):
        return dy * mask

    return vjp_call(dropout, dropout_vjp, rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "maximum-same-mask",
        "db gets the mask of a: copied from the line above and not inverted",
        "db = dy * (a < b)",
        "db = dy * (a >= b)",
        {"b": "wrong-mask swapped"},
    )
)
def maximum_of_two(rng):
    def maximum(a, b):
        return np.maximum(a, b)

    def maximum_vjp(dy, a, b):
        da = dy * (a >= b)
        db = dy * (a < b)
        return da, db

    return vjp_call(maximum, maximum_vjp, rng.normal(size=(5, 7)), rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "clipped-log-no-mask",
        "forward clips the probability before the logarithm, and backward has 1 / clipped everywhere",
        "return dy * np.where((p > low) & (p < high), 1 / np.clip(p, low, high), 0)",
        "return dy / np.clip(p, low, high)",
        {"p": "mask-forgotten"},
    )
)
def clipped_log(rng):
    low, high = 0.15, 0.8

    def log_probability(p):
        return np.log(np.clip(p, low, high))

    def log_probability_vjp(dy, p):
        return dy * np.where((p > low) & (p < high), 1 / np.clip(p, low, high), 0)

    return vjp_call(log_probability, log_probability_vjp, rng.uniform(0.01, 0.99, size=(5, 11)))


@broken(
    Mistake(
        "prelu-slope-of-positives",
        "the slope's gradient sums x over all numbers, also over the positive ones, where it has no part",
        "da = (dy * np.where(x < 0, x, 0)).sum(axis=0)",
        "da = (dy * x).sum(axis=0)",
        {"a": "mask-forgotten wrong-mask"},
    )
)
def prelu_per_channel(rng):
    def prelu(x, a):
        return np.where(x < 0, a * x, x)

    def prelu_vjp(dy, x, a):
        dx = dy * np.where(x < 0, a, 1)
        da = (dy * np.where(x < 0, x, 0)).sum(axis=0)
        return dx, da

    return vjp_call(prelu, prelu_vjp, rng.normal(size=(11, 5)), rng.uniform(0.1, 0.4, size=5))


@broken(
    Mistake(
        "mish-by-a-rational-fit",
        "the slope of softplus is a rational sigmoid, 0.5 + 0.5 x / (1 + |x|), that someone found faster",
        "sigmoid = 1 / (1 + np.exp(-x))",
        "sigmoid = 0.5 + 0.5 * x / (1 + np.abs(x))",
        {"x": ""},
    )
)
def mish_activation(rng):
    def mish(x):
        return x * np.tanh(np.log1p(np.exp(x)))

    def mish_vjp(dy, x):
        t = np.tanh(np.log1p(np.exp(x)))
        sigmoid = 1 / (1 + np.exp(-x))
        return dy * (t + x * (1 - t**2) * sigmoid)

    return vjp_call(mish, mish_vjp, rng.normal(size=(5, 7)))
