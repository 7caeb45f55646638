"""Normalisations as they are written today, with right backwards: of layers, groups, lengths, weights and batches."""

import numpy as np

from support.modern_right import Block, normal, rms_norm, rms_norm_vjp, sizes, weights

EPS = 1e-5


def layer_norm(x, gain, bias):
    """x (N, n), each row with mean 0 and variance 1."""
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPS)
    z = centred / std
    return z * gain + bias


def layer_norm_vjp(dy, x, gain, bias):
    std = np.sqrt(x.var(axis=1, keepdims=True) + EPS)
    z = (x - x.mean(axis=1, keepdims=True)) / std
    dz = dy * gain
    dx = (dz - dz.mean(axis=1, keepdims=True) - z * (dz * z).mean(axis=1, keepdims=True)) / std
    return dx, (dy * z).sum(axis=0), dy.sum(axis=0)


def group_norm(x, gain, n_groups):
    """x (N, C), each group of neighbouring channels of a row with mean 0 and variance 1."""
    groups = x.reshape(len(x), n_groups, -1)
    mean = groups.mean(axis=2, keepdims=True)
    std = np.sqrt(groups.var(axis=2, keepdims=True) + EPS)
    z = ((groups - mean) / std).reshape(x.shape)
    return z * gain


def group_norm_vjp(dy, x, gain, n_groups):
    groups = x.reshape(len(x), n_groups, -1)
    std = np.sqrt(groups.var(axis=2, keepdims=True) + EPS)
    z = (groups - groups.mean(axis=2, keepdims=True)) / std
    dgain = (dy * z.reshape(x.shape)).sum(axis=0)
    dz = (dy * gain).reshape(groups.shape)
    dx = (dz - dz.mean(axis=2, keepdims=True) - z * (dz * z).mean(axis=2, keepdims=True)) / std
    return dx.reshape(x.shape), dgain


def batch_norm(x, gain, bias):
    """x (N, C, L), each channel with mean 0 and variance 1 over the batch and its length."""
    mean = x.mean(axis=(0, 2), keepdims=True)
    std = np.sqrt(x.var(axis=(0, 2), keepdims=True) + EPS)
    z = (x - mean) / std
    return z * gain[:, None] + bias[:, None]


def batch_norm_vjp(dy, x, gain, bias):
    std = np.sqrt(x.var(axis=(0, 2), keepdims=True) + EPS)
    z = (x - x.mean(axis=(0, 2), keepdims=True)) / std
    dz = dy * gain[:, None]
    dx = (dz - dz.mean(axis=(0, 2), keepdims=True) - z * (dz * z).mean(axis=(0, 2), keepdims=True)) / std
    return dx, (dy * z).sum(axis=(0, 2)), dy.sum(axis=(0, 2))


def unit(x):
    """Rows of length 1."""
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    return x / norm


def unit_vjp(dy, x):
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    y = x / norm
    return (dy - y * (dy * y).sum(axis=1, keepdims=True)) / norm


def cosine(a, b):
    """The cosine between rows of a and b."""
    na = np.sqrt((a * a).sum(axis=1))
    nb = np.sqrt((b * b).sum(axis=1))
    return (a * b).sum(axis=1) / (na * nb)


def cosine_vjp(dy, a, b):
    na, nb = np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(b, axis=1)[:, None]
    cos = cosine(a, b)[:, None]
    da = b / (na * nb) - cos * a / na**2
    db = a / (na * nb) - cos * b / nb**2
    return dy[:, None] * da, dy[:, None] * db


def weight_norm(x, v, g):
    """x W, where the columns of W point like those of v and have the lengths g."""
    norm = np.sqrt((v**2).sum(axis=0))
    w = g * v / norm
    return x @ w


def weight_norm_vjp(dy, x, v, g):
    norm = np.sqrt((v**2).sum(axis=0))
    u = v / norm
    dw = x.T @ dy
    dg = (dw * u).sum(axis=0)
    dv = g / norm * (dw - u * dg)
    return dy @ (g * u).T, dv, dg


def gained(rng, *shape, n=1):
    """Return normal x of a shape, and n arrays for its channels: gain, bias."""
    return normal(rng, *shape), *(rng.uniform(0.5, 2, shape[1]) for _ in range(n))


def in_groups(rng):
    n, n_groups, width = sizes(rng, 3, 5, 7)
    return *gained(rng, n, n_groups * width), n_groups


def weighted(rng):
    n, n_in, n_out = sizes(rng, 3, 5, 7)
    return normal(rng, n, n_in), weights(rng, n_in, n_out), rng.uniform(0.5, 2, n_out)


def pairs(rng):
    n, width = sizes(rng, 5, 7)
    return normal(rng, n, width), normal(rng, n, width)


RMS_NORM = Block(rms_norm, rms_norm_vjp, lambda rng: gained(rng, *sizes(rng, 5, 7)))
LAYER_NORM = Block(layer_norm, layer_norm_vjp, lambda rng: gained(rng, *sizes(rng, 5, 7), n=2))
GROUP_NORM = Block(group_norm, group_norm_vjp, in_groups)
BATCH_NORM = Block(batch_norm, batch_norm_vjp, lambda rng: gained(rng, *sizes(rng, 3, 5, 7), n=2))
UNIT = Block(unit, unit_vjp, lambda rng: (normal(rng, *sizes(rng, 5, 7)),))
COSINE = Block(cosine, cosine_vjp, pairs)
WEIGHT_NORM = Block(weight_norm, weight_norm_vjp, weighted)
