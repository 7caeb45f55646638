"""Costs with gradients as people get them wrong."""

import numpy as np

from support.modern_right import Row, logsumexp, places, sigmoid, softmax
from support.modern_right_losses import (
    CONTRASTIVE,
    CROSS_ENTROPY,
    DELTA,
    DISTILLED,
    FOCAL,
    HUBER,
    IGNORING,
    IOU,
    SMOOTHED,
    SMOOTHED_IN_PARTS,
    SMOOTHING,
    TAU,
    TEMPERATURE,
    WITH_Z,
    Z,
    areas,
    corners,
    decoded,
    normalised,
    normalised_vjp,
    one_hot,
)


def mean_over_all_rows(logits, labels):
    seen = labels >= 0
    d = softmax(logits) - one_hot(labels, logits.shape[1])
    return d * seen[:, None] / len(labels)


def ignored_rows_too(logits, labels):
    d = softmax(logits) - one_hot(labels, logits.shape[1])
    return d / (labels >= 0).sum()


def hard_targets(logits, labels):
    return (softmax(logits) - one_hot(labels, logits.shape[1])) / len(logits)


def uniform_part_lost(logits, labels):
    return (1 - SMOOTHING) * (softmax(logits) - one_hot(labels, logits.shape[1])) / len(logits)


def z_lost(dy, logits, labels):
    return dy[:, None] * (softmax(logits) - one_hot(labels, logits.shape[1]))


def z_without_two(dy, logits, labels):
    p = softmax(logits)
    lse = logsumexp(logits)[:, None]
    return dy[:, None] * (p - one_hot(labels, logits.shape[1]) + Z * lse * p)


def z_without_dy(dy, logits, labels):
    p = softmax(logits)
    lse = logsumexp(logits)[:, None]
    return dy[:, None] * (p - one_hot(labels, logits.shape[1])) + 2 * Z * lse * p


def without_dy(dy, logits, labels):
    return softmax(logits) - one_hot(labels, logits.shape[1])


def modulation_constant(logits, labels):
    p = sigmoid(logits)
    p_true = labels * p + (1 - labels) * (1 - p)
    dp_true = -((1 - p_true) ** 2) / p_true
    return dp_true * (2 * labels - 1) * p * (1 - p) / logits.size


def temperature_divides(student, teacher):
    p, q = softmax(student / TEMPERATURE), softmax(teacher / TEMPERATURE)
    return (p - q) / TEMPERATURE / len(student), None


def one_way(a, b):
    ua, ub = normalised(a), normalised(b)
    logits = ua @ ub.T / TAU
    n = len(a)
    dlogits = (softmax(logits) - np.eye(n)) / (2 * n * TAU)
    return normalised_vjp(dlogits @ ub, a), normalised_vjp(dlogits.T @ ua, b)


def rows_both_times(a, b):
    ua, ub = normalised(a), normalised(b)
    logits = ua @ ub.T / TAU
    n = len(a)
    dlogits = (2 * softmax(logits) - 2 * np.eye(n)) / (2 * n * TAU)
    return normalised_vjp(dlogits @ ub, a), normalised_vjp(dlogits.T @ ua, b)


def normalisation_forgotten(a, b):
    ua, ub = normalised(a), normalised(b)
    logits = ua @ ub.T / TAU
    n = len(a)
    dlogits = (softmax(logits) + softmax(logits.T).T - 2 * np.eye(n)) / (2 * n * TAU)
    return normalised_vjp(dlogits @ ub, a), dlogits.T @ ua


def nothing_when_far(pred, target):
    e = pred - target
    d = np.where(abs(e) < DELTA, e, 0) / pred.size
    return d, -d


def far_without_delta(pred, target):
    e = pred - target
    d = np.where(abs(e) < DELTA, e, np.sign(e)) / pred.size
    return d, -d


def union_constant(box, target):
    shared, _, union = areas(box, target)
    return decoded(box, target, shared, -1 / union, np.zeros(len(box))), None


def union_without_intersection(box, target):
    shared, inter, union = areas(box, target)
    return decoded(box, target, shared, -1 / union, inter / union**2), None


def halves_lost(box, target):
    shared, inter, union = areas(box, target)
    dunion = inter / union**2
    a = corners(box)
    dshared = (-1 / union - dunion)[:, None] * shared[:, ::-1]
    dmax, dmin = dshared * (a[:, 2:] < target[:, 2:]), -dshared * (a[:, :2] > target[:, :2])
    return np.concatenate([dmax + dmin, dmax - dmin + dunion[:, None] * box[:, :1:-1]], axis=1), None


ROWS = [
    Row("ignored labels counted", "divided by all rows", IGNORING, mean_over_all_rows, places("logits", "factor")),
    Row(
        "ignored labels not masked",
        "rows that are ignored get a gradient",
        IGNORING,
        ignored_rows_too,
        places("logits", "mask-forgotten", "wrong-mask"),
    ),
    Row(
        "smoothing forgotten",
        "p minus the hard target",
        SMOOTHED,
        hard_targets,
        places("logits", "wrong-argument", "wrong-formula"),
    ),
    Row(
        "smoothing's uniform part lost",
        "the second of two costs has no gradient",
        SMOOTHED_IN_PARTS,
        uniform_part_lost,
        places("logits", "term-missing"),
    ),
    Row("z-loss lost", "only the cross-entropy is differentiated", WITH_Z, z_lost, places("logits", "term-missing")),
    Row(
        "z-loss without 2", "the slope of lse² is taken for lse", WITH_Z, z_without_two, places("logits", "term-factor")
    ),
    Row(
        "z-loss without dy",
        "the z term is not multiplied by dy",
        WITH_Z,
        z_without_dy,
        places("logits", "dy-partly-ignored"),
    ),
    Row("cross-entropy without dy", "as if dy were 1", CROSS_ENTROPY, without_dy, places("logits", "dy-ignored")),
    Row(
        "focal modulation constant",
        "(1 - p)² is taken for a constant",
        FOCAL,
        modulation_constant,
        places("logits", "term-missing"),
    ),
    Row(
        "distillation temperature",
        "1 / T for T, as if there were no T² before",
        DISTILLED,
        temperature_divides,
        places("student", "factor"),
    ),
    Row("contrastive one way", "the columns have no gradient", CONTRASTIVE, one_way, places("a b", "term-missing")),
    Row(
        "contrastive rows both times",
        "a softmax along the rows where it ran along the columns",
        CONTRASTIVE,
        rows_both_times,
        places("a b", "wrong-axis"),
    ),
    Row(
        "contrastive not normalised",
        "db is that of the normalised b",
        CONTRASTIVE,
        normalisation_forgotten,
        places("b", "derivative-forgotten"),
    ),
    Row(
        "huber far is nothing",
        "0 where the error is larger than delta",
        HUBER,
        nothing_when_far,
        places("pred target", "missing", "wrong-mask"),
    ),
    Row(
        "huber without delta",
        "±1 for ±delta where the error is large",
        HUBER,
        far_without_delta,
        places("pred target", "term-factor"),
    ),
    Row("iou union constant", "only the intersection moves", IOU, union_constant, places("box", "term-missing")),
    Row(
        "iou union of areas",
        "the union forgets its intersection",
        IOU,
        union_without_intersection,
        places("box", "term-missing"),
    ),
    Row(
        "iou halves lost",
        "corners at centre ± w / 2 move by w",
        IOU,
        halves_lost,
        places("box", "term-factor"),
    ),
]
