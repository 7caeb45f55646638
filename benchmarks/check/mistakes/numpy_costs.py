"""NumPy: costs that end in one number."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call


@broken(
    Mistake(
        "ignored-labels-in-gradient",
        "rows whose label is -100 count nothing in the cost, and have a gradient as if their label were 0",
        "g[~valid] = 0",
        "pass",
        {"logits": "mask-forgotten"},
    ),
    Mistake(
        "ignored-labels-in-count",
        "divided by all rows, where the cost divides by those that have a label",
        "return g / valid.sum()",
        "return g / len(labels)",
        {"logits": "factor"},
    ),
)
def cross_entropy_ignoring(rng):
    labels = np.array([2, -100, 0, 4, -100, 1, 3])
    valid = labels >= 0

    def cost(logits):
        shifted = logits - logits.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return -logp[valid, labels[valid]].sum() / valid.sum()

    def cost_gradient(logits):
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        g = p.copy()
        g[np.arange(len(labels)), np.where(valid, labels, 0)] -= 1
        g[~valid] = 0
        return g / valid.sum()

    return gradient_call(cost, cost_gradient, rng.normal(size=(7, 5)))


@broken(
    Mistake(
        "smoothing-left-out",
        "the targets are smoothed in the cost, and one-hot in its gradient",
        "return (softmax(logits) - smoothed) / len(logits)",
        "return (softmax(logits) - one_hot) / len(logits)",
        {"logits": "wrong-formula wrong-argument"},
    ),
)
def label_smoothing(rng):
    one_hot = np.eye(5)[[2, 0, 4, 1, 1, 3, 0]]
    smoothed = 0.9 * one_hot + 0.1 / 5

    def softmax(logits):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def cost(logits):
        return -(smoothed * np.log(softmax(logits))).sum() / len(logits)

    def cost_gradient(logits):
        return (softmax(logits) - smoothed) / len(logits)

    return gradient_call(cost, cost_gradient, rng.normal(size=(7, 5)))


@broken(
    Mistake(
        "cosine-norm-of-b",
        "b's own norm is taken for a constant; a's is not",
        "db = -(a / (na * nb) - c * b / nb**2)",
        "db = -a / (na * nb)",
        {"b": "term-missing statistics-constant"},
    ),
    Mistake(
        "cosine-copied-line",
        "the line of da was copied, and its last a was not made a b",
        "db = -(a / (na * nb) - c * b / nb**2)",
        "db = -(a / (na * nb) - c * a / nb**2)",
        {"b": "wrong-argument"},
    ),
)
def cosine_distance(rng):
    def distance(a, b):
        na = np.sqrt((a**2).sum(axis=1, keepdims=True))
        nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
        return (1 - (a * b).sum(axis=1, keepdims=True) / (na * nb)).sum()

    def distance_gradient(a, b):
        na = np.sqrt((a**2).sum(axis=1, keepdims=True))
        nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
        c = (a * b).sum(axis=1, keepdims=True) / (na * nb)
        da = -(b / (na * nb) - c * a / na**2)
        db = -(a / (na * nb) - c * b / nb**2)
        return da, db

    return gradient_call(distance, distance_gradient, rng.normal(size=(5, 3)), rng.normal(size=(5, 3)))


@broken(
    Mistake(
        "hinge-true-class",
        "the wrong classes are pushed down, and the true one is not pulled up by as much",
        "g[rows, labels] = -g.sum(axis=1)",
        "pass",
        {"scores": "term-missing missing"},
    ),
)
def multiclass_hinge(rng):
    labels = np.array([2, 0, 4, 1, 1, 3, 0])
    rows = np.arange(len(labels))

    def cost(scores):
        margins = np.maximum(0, scores - scores[rows, labels][:, None] + 1)
        margins[rows, labels] = 0
        return margins.sum() / len(labels)

    def cost_gradient(scores):
        g = (scores - scores[rows, labels][:, None] + 1 > 0).astype(float)
        g[rows, labels] = 0
        g[rows, labels] = -g.sum(axis=1)
        return g / len(labels)

    return gradient_call(cost, cost_gradient, rng.normal(size=(7, 5)))


@broken(
    Mistake(
        "ridge-penalty-sign",
        "the penalty is taken off the gradient of W, and not added to it",
        "dw = x.T @ r / len(x) + decay * w",
        "dw = x.T @ r / len(x) - decay * w",
        {"w": "term-factor"},
    ),
)
def ridge_regression(rng):
    x, t, decay = rng.normal(size=(11, 5)), rng.normal(size=(11, 3)), 0.3

    def cost(w, b):
        r = x @ w + b - t
        return 0.5 * (r**2).sum() / len(x) + 0.5 * decay * (w**2).sum()

    def cost_gradient(w, b):
        r = x @ w + b - t
        dw = x.T @ r / len(x) + decay * w
        db = r.sum(axis=0) / len(x)
        return dw, db

    return gradient_call(cost, cost_gradient, rng.normal(size=(5, 3)), rng.normal(size=3))
