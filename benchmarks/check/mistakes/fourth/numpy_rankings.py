"""NumPy: costs of the order in which documents are shown."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same


@broken(
    Mistake(
        "listnet-softmax-over-padding",
        "a query has fewer documents than there is room for, and the softmax of backward has all places in it",
        "e = shown * np.exp(scores - scores.max(axis=1, keepdims=True))",
        "e = np.exp(scores - scores.max(axis=1, keepdims=True))",
        same("x w", "mask-forgotten wrong-mask wrong-axis"),
    ),
    Mistake(
        "listnet-mean-over-documents",
        "the cost is a mean over queries, and its gradient is divided by the number of documents",
        "dscores = (shares - wanted) / len(x)",
        "dscores = (shares - wanted) / scores.size",
        same("x w", "factor"),
    ),
    Mistake(
        "listnet-best-document-alone",
        "what is wanted is spread over all documents by their grades, and backward wants the best alone",
        "dscores = (shares - wanted) / len(x)",
        "dscores = (shares - (wanted == wanted.max(axis=1, keepdims=True))) / len(x)",
        same("x w", "wrong-argument"),
    ),
)
def list_of_documents(rng):
    shown = np.arange(6) < np.array([[6], [4], [5], [3]])
    grades = rng.uniform(0, 3, size=(4, 6))
    wanted = shown * np.exp(grades)
    wanted = wanted / wanted.sum(axis=1, keepdims=True)

    def cost(x, w):
        scores = x @ w
        e = shown * np.exp(scores)
        total = np.log(e.sum(axis=1))
        return (total - (wanted * scores).sum(axis=1)).mean()

    def cost_gradient(x, w):
        scores = x @ w
        e = shown * np.exp(scores - scores.max(axis=1, keepdims=True))
        shares = e / e.sum(axis=1, keepdims=True)
        dscores = (shares - wanted) / len(x)
        return dscores[:, :, None] * w, np.einsum("qdk,qd->k", x, dscores)

    return gradient_call(cost, cost_gradient, rng.normal(size=(4, 6, 3)), rng.normal(size=3))


@broken(
    Mistake(
        "lambdarank-worse-not-pushed",
        "of each pair the better one is lifted, and the worse one is not pushed down",
        "dscores = pushes.sum(axis=1) - pushes.sum(axis=0)",
        "dscores = pushes.sum(axis=1)",
        same("x hidden out", "term-missing missing"),
    ),
    Mistake(
        "lambdarank-steepness-forgotten",
        "the difference of a pair is multiplied by a number before the sigmoid, which backward leaves out",
        "pushes = -steep * change * better / (1 + np.exp(steep * gaps))",
        "pushes = -change * better / (1 + np.exp(steep * gaps))",
        same("x hidden out", "factor"),
    ),
    Mistake(
        "lambdarank-both-orders",
        "only pairs whose first has the higher grade count, and backward counts each pair in both orders",
        "pushes = -steep * change * better / (1 + np.exp(steep * gaps))",
        "pushes = -steep * change / (1 + np.exp(steep * gaps))",
        same("x hidden out", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "lambdarank-units-of-the-last-layer",
        "the slope of tanh is taken at its output",
        "dunits = np.outer(dscores, out) * (1 - units**2)",
        "dunits = np.outer(dscores, out) * (1 - np.tanh(units) ** 2)",
        same("x hidden", "wrong-argument derivative-at-output"),
    ),
)
def weighted_pairs(rng):
    steep = 1.7
    grades = np.array([2.0, 0, 1, 3, 0, 1])
    better = grades[:, None] > grades
    places = 1 / np.log2(2 + rng.permutation(6))
    change = np.abs(2 ** grades[:, None] - 2**grades) * np.abs(places[:, None] - places) / 10

    def cost(x, hidden, out):
        scores = np.tanh(x @ hidden) @ out
        gaps = scores[:, None] - scores
        return (better * change * np.logaddexp(0, -steep * gaps)).sum()

    def cost_gradient(x, hidden, out):
        units = np.tanh(x @ hidden)
        scores = units @ out
        gaps = scores[:, None] - scores
        pushes = -steep * change * better / (1 + np.exp(steep * gaps))
        dscores = pushes.sum(axis=1) - pushes.sum(axis=0)
        dunits = np.outer(dscores, out) * (1 - units**2)
        return dunits @ hidden.T, x.T @ dunits, units.T @ dscores

    return gradient_call(cost, cost_gradient, rng.normal(size=(6, 3)), rng.normal(size=(3, 4)), rng.normal(size=4))
