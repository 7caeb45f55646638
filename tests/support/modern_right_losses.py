"""Costs as they are written today, with right gradients: of labels, of pairs and of boxes."""

import numpy as np

from support.modern_right import Block, cost, logsumexp, normal, sigmoid, sizes, softmax

SMOOTHING, Z, TEMPERATURE, TAU, DELTA = 0.2, 0.1, 3.0, 0.5, 0.8


def one_hot(labels, n_classes):
    return np.eye(n_classes)[labels]


def ignoring(logits, labels):
    """The mean cross-entropy over the rows whose label is not -1."""
    seen = labels >= 0
    log_p = logits - logsumexp(logits)[:, None]
    losses = -log_p[np.arange(len(labels)), labels]
    return (losses * seen).sum() / seen.sum()


def ignoring_gradient(logits, labels):
    seen = labels >= 0
    d = softmax(logits) - one_hot(labels, logits.shape[1])
    return d * seen[:, None] / seen.sum()


def smoothed(logits, labels):
    """Cross-entropy with smoothed targets."""
    n_classes = logits.shape[1]
    hard = one_hot(labels, n_classes)
    target = (1 - SMOOTHING) * hard + SMOOTHING / n_classes
    log_p = logits - logsumexp(logits)[:, None]
    return -(target * log_p).sum(axis=1).mean()


def smoothed_gradient(logits, labels):
    n_classes = logits.shape[1]
    target = (1 - SMOOTHING) * one_hot(labels, n_classes) + SMOOTHING / n_classes
    return (softmax(logits) - target) / len(logits)


def smoothed_in_parts(logits, labels):
    """The same as a sum of two costs."""
    log_p = logits - logsumexp(logits)[:, None]
    nll = -log_p[np.arange(len(labels)), labels]
    uniform = -log_p.mean(axis=1)
    return ((1 - SMOOTHING) * nll + SMOOTHING * uniform).mean()


def with_z(logits, labels):
    """The cross-entropy of each row, and Z log² of its partition function."""
    lse = logsumexp(logits)
    ce = lse - logits[np.arange(len(labels)), labels]
    return ce + Z * lse**2


def with_z_vjp(dy, logits, labels):
    p = softmax(logits)
    lse = logsumexp(logits)[:, None]
    return dy[:, None] * (p - one_hot(labels, logits.shape[1]) + 2 * Z * lse * p)


def cross_entropy(logits, labels):
    """The cross-entropy of each row."""
    return logsumexp(logits) - logits[np.arange(len(labels)), labels]


def cross_entropy_vjp(dy, logits, labels):
    return dy[:, None] * (softmax(logits) - one_hot(labels, logits.shape[1]))


def focal(logits, labels):
    """The binary focal loss with exponent 2, of labels 0 and 1."""
    p = sigmoid(logits)
    p_true = labels * p + (1 - labels) * (1 - p)
    return (-((1 - p_true) ** 2) * np.log(p_true)).mean()


def focal_gradient(logits, labels):
    p = sigmoid(logits)
    p_true = labels * p + (1 - labels) * (1 - p)
    dp_true = 2 * (1 - p_true) * np.log(p_true) - (1 - p_true) ** 2 / p_true
    return dp_true * (2 * labels - 1) * p * (1 - p) / logits.size


def distilled(student, teacher):
    """T² KL(teacher, student) of logits at a temperature T, for a teacher that is not trained."""
    q = softmax(teacher / TEMPERATURE)
    scaled = student / TEMPERATURE
    log_p = scaled - logsumexp(scaled)[:, None]
    return TEMPERATURE**2 * (q * (np.log(q) - log_p)).sum(axis=1).mean()


def distilled_gradient(student, teacher):
    p, q = softmax(student / TEMPERATURE), softmax(teacher / TEMPERATURE)
    return TEMPERATURE * (p - q) / len(student), None


def normalised(a):
    return a / np.linalg.norm(a, axis=1, keepdims=True)


def normalised_vjp(du, a):
    u = normalised(a)
    return (du - u * (du * u).sum(axis=1, keepdims=True)) / np.linalg.norm(a, axis=1, keepdims=True)


def contrastive(a, b):
    """InfoNCE both ways: each row of a finds its partner in b, and each row of b in a."""
    logits = normalised(a) @ normalised(b).T / TAU
    diagonal = np.diagonal(logits)
    rows = logsumexp(logits) - diagonal
    columns = logsumexp(logits.T) - diagonal
    return (rows.mean() + columns.mean()) / 2


def contrastive_gradient(a, b):
    ua, ub = normalised(a), normalised(b)
    logits = ua @ ub.T / TAU
    n = len(a)
    dlogits = (softmax(logits) + softmax(logits.T).T - 2 * np.eye(n)) / (2 * n * TAU)
    return normalised_vjp(dlogits @ ub, a), normalised_vjp(dlogits.T @ ua, b)


def huber(pred, target):
    e = pred - target
    clipped = np.clip(e, -DELTA, DELTA)
    return (clipped * (e - clipped / 2)).mean()


def huber_gradient(pred, target):
    d = np.clip(pred - target, -DELTA, DELTA) / pred.size
    return d, -d


def corners(box):
    """Return (cx, cy, w, h) as (left, top, right, bottom)."""
    return np.concatenate([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], axis=1)


def overlap(a, b):
    """Return the widths and heights (N, 2) of what two boxes share."""
    return np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])


def iou_cost(box, target):
    """1 - intersection / union of boxes that overlap; the targets are corners."""
    shared = overlap(corners(box), target)
    inter = shared[:, 0] * shared[:, 1]
    area, other = box[:, 2] * box[:, 3], np.prod(target[:, 2:] - target[:, :2], axis=1)
    union = area + other - inter
    return (1 - inter / union).sum()


def areas(box, target):
    shared = overlap(corners(box), target)
    inter = shared[:, 0] * shared[:, 1]
    return shared, inter, box[:, 2] * box[:, 3] + np.prod(target[:, 2:] - target[:, :2], axis=1) - inter


def decoded(box, target, shared, dinter, darea):
    """Return the gradient of a box from those of its intersection with the target and of its area."""
    a = corners(box)
    dshared = dinter[:, None] * shared[:, ::-1]
    dmax, dmin = dshared * (a[:, 2:] < target[:, 2:]), -dshared * (a[:, :2] > target[:, :2])
    return np.concatenate([dmax + dmin, (dmax - dmin) / 2 + darea[:, None] * box[:, :1:-1]], axis=1)


def iou_gradient(box, target):
    shared, inter, union = areas(box, target)
    dunion = inter / union**2
    return decoded(box, target, shared, -1 / union - dunion, dunion), None


def labelled(rng, *ignored):
    """Return logits and labels, some of them those that are ignored."""
    n, n_classes = sizes(rng, 5, 7)
    labels = rng.permutation([*ignored, *rng.integers(0, n_classes, n - len(ignored))])
    return 2 * normal(rng, n, n_classes), labels


def binary(rng):
    logits = normal(rng, *sizes(rng, 5, 7))
    return logits, rng.integers(0, 2, logits.shape)


def embedded(rng):
    n, width = sizes(rng, 5, 7)
    a = normal(rng, n, width)
    return a, a + normal(rng, n, width)


def near_and_far(rng):
    pred = normal(rng, *sizes(rng, 5, 7))
    return pred, pred - rng.permuted(np.linspace(-2.03, 1.97, pred.size)).reshape(pred.shape)


def logits_of_two(rng):
    n, n_classes = sizes(rng, 5, 7)
    return 2 * normal(rng, n, n_classes), 2 * normal(rng, n, n_classes)


def boxes(rng):
    """Boxes of a width of some 2, and targets that are shifted by some 0.4."""
    n = int(rng.choice([5, 7]))
    box = np.concatenate([normal(rng, n, 2), rng.uniform(1.5, 2.5, (n, 2))], axis=1)
    shift = rng.choice([-1, 1], (n, 4)) * rng.uniform(0.2, 0.6, (n, 4))
    return box, corners(box) + shift


IGNORING = cost(ignoring, ignoring_gradient, lambda rng: labelled(rng, -1, -1))
SMOOTHED = cost(smoothed, smoothed_gradient, labelled)
SMOOTHED_IN_PARTS = cost(smoothed_in_parts, smoothed_gradient, labelled)
WITH_Z = Block(with_z, with_z_vjp, labelled)
CROSS_ENTROPY = Block(cross_entropy, cross_entropy_vjp, labelled)
FOCAL = cost(focal, focal_gradient, binary)
DISTILLED = cost(distilled, distilled_gradient, logits_of_two)
CONTRASTIVE = cost(contrastive, contrastive_gradient, embedded)
HUBER = cost(huber, huber_gradient, near_and_far)
IOU = cost(iou_cost, iou_gradient, boxes)
