"""NumPy: costs that compare pairs, InfoNCE in both directions and the preference cost of DPO."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same


@broken(
    Mistake(
        "clip-one-direction",
        "pictures look for texts and texts for pictures, and only the first way comes back",
        "dcos = scale[0] * drows + scale[1] * dcolumns",
        "dcos = scale[0] * drows",
        same("image text", "term-missing missing"),
    ),
    Mistake(
        "clip-texts-over-rows",
        "the softmax over the pictures of a text is computed over the texts of a picture",
        "columns = columns / columns.sum(axis=0)",
        "columns = columns / columns.sum(axis=1, keepdims=True)",
        same("image text log_scale", "wrong-axis"),
    ),
    Mistake(
        "clip-length-of-pictures",
        "the length by which a picture's features are divided is taken for a constant",
        "dimage = (da - a * (a * da).sum(axis=1, keepdims=True)) / long",
        "dimage = da / long",
        {"image": "term-missing missing statistics-constant"},
    ),
)
def clip_cost(rng):
    def cost(image, text, log_scale):
        a = image / np.sqrt((image**2).sum(axis=1, keepdims=True))
        b = text / np.sqrt((text**2).sum(axis=1, keepdims=True))
        scale = np.exp(log_scale)
        cos = a @ b.T
        found = np.diag(cos)
        of_rows = np.log(np.exp(scale[0] * cos).sum(axis=1)) - scale[0] * found
        of_columns = np.log(np.exp(scale[1] * cos).sum(axis=0)) - scale[1] * found
        return (of_rows.mean() + of_columns.mean()) / 2

    def gradient(image, text, log_scale):
        n = len(image)
        long, wide = np.sqrt((image**2).sum(axis=1, keepdims=True)), np.sqrt((text**2).sum(axis=1, keepdims=True))
        a, b, scale = image / long, text / wide, np.exp(log_scale)
        cos = a @ b.T
        rows, columns = np.exp(scale[0] * cos), np.exp(scale[1] * cos)
        rows = rows / rows.sum(axis=1, keepdims=True)
        columns = columns / columns.sum(axis=0)
        drows, dcolumns = (rows - np.eye(n)) / (2 * n), (columns - np.eye(n)) / (2 * n)
        dlog_scale = scale * np.array([(drows * cos).sum(), (dcolumns * cos).sum()])
        dcos = scale[0] * drows + scale[1] * dcolumns
        da, db = dcos @ b, dcos.T @ a
        dimage = (da - a * (a * da).sum(axis=1, keepdims=True)) / long
        dtext = (db - b * (b * db).sum(axis=1, keepdims=True)) / wide
        return dimage, dtext, dlog_scale

    return gradient_call(cost, gradient, rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), np.array([0.3, -0.4]))


@broken(
    Mistake(
        "dpo-padding-pushed",
        "what follows the end of an answer does not count, and is pushed all the same",
        "return direction[:, None, None] * (one_hot[tokens] - p) * real[..., None]",
        "return direction[:, None, None] * (one_hot[tokens] - p)",
        same("chosen rejected", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "dpo-weight-of-the-won",
        "the weight of a pair is how sure the model is, in place of how wrong",
        "weight = beta / (1 + np.exp(margin)) / len(margin)",
        "weight = beta / (1 + np.exp(-margin)) / len(margin)",
        same("chosen rejected", "wrong-argument wrong-formula factor-per-row"),
    ),
    Mistake(
        "dpo-mean-over-the-true-tokens",
        "the logarithms are summed over an answer, and their gradients divided by its length",
        "return direction[:, None, None] * (one_hot[tokens] - p) * real[..., None]",
        "return direction[:, None, None] * (one_hot[tokens] - p) * (real / real.sum(axis=1, keepdims=True))[..., None]",
        same("chosen rejected", "factor-per-row"),
    ),
)
def preference_cost(rng):
    beta, n, steps, words = 0.5, 4, 5, 3
    one_hot = np.eye(words)
    good, bad = rng.integers(words, size=(2, n, steps))
    lengths = np.array([5, 3, 4, 2])
    real_good, real_bad = np.arange(steps) < lengths[:, None], np.arange(steps) < lengths[::-1, None]
    before = rng.normal(size=n)

    def log_of_answer(logits, tokens, real):
        picked = np.take_along_axis(logits, tokens[..., None], axis=2)[..., 0]
        return ((picked - np.log(np.exp(logits).sum(axis=2))) * real).sum(axis=1)

    def cost(chosen, rejected):
        won = log_of_answer(chosen, good, real_good) - log_of_answer(rejected, bad, real_bad)
        return np.logaddexp(0, -beta * (won - before)).mean()

    def of_answer(logits, tokens, real, direction):
        p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        return direction[:, None, None] * (one_hot[tokens] - p) * real[..., None]

    def gradient(chosen, rejected):
        won = log_of_answer(chosen, good, real_good) - log_of_answer(rejected, bad, real_bad)
        margin = beta * (won - before)
        weight = beta / (1 + np.exp(margin)) / len(margin)
        return of_answer(chosen, good, real_good, -weight), of_answer(rejected, bad, real_bad, weight)

    return gradient_call(cost, gradient, rng.normal(size=(n, steps, words)), rng.normal(size=(n, steps, words)))
