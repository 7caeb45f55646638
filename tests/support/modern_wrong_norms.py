"""Normalisations with backwards as people get them wrong."""

import numpy as np

from support.modern_right import Row, places
from support.modern_right_norms import (
    BATCH_NORM,
    COSINE,
    EPS,
    GROUP_NORM,
    LAYER_NORM,
    RMS_NORM,
    UNIT,
    WEIGHT_NORM,
    cosine,
)


def rms_constant(dy, x, gain):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    return dy * gain / rms, (dy * x / rms).sum(axis=0)


def rms_sum_for_mean(dy, x, gain):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    z = x / rms
    dz = dy * gain
    dx = (dz - z * (dz * z).sum(axis=-1, keepdims=True)) / rms
    return dx, (dy * z).sum(axis=0)


def rms_gain_of_input(dy, x, gain):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    z = x / rms
    dz = dy * gain
    dx = (dz - z * (dz * z).mean(axis=-1, keepdims=True)) / rms
    return dx, (dy * x).sum(axis=0)


def mean_constant(dy, x, gain, bias):
    std = np.sqrt(x.var(axis=1, keepdims=True) + EPS)
    z = (x - x.mean(axis=1, keepdims=True)) / std
    dz = dy * gain
    dx = (dz - z * (dz * z).mean(axis=1, keepdims=True)) / std
    return dx, (dy * z).sum(axis=0), dy.sum(axis=0)


def means_over_the_batch(dy, x, gain, bias):
    std = np.sqrt(x.var(axis=1, keepdims=True) + EPS)
    z = (x - x.mean(axis=1, keepdims=True)) / std
    dz = dy * gain
    dx = (dz - dz.mean(axis=0) - z * (dz * z).mean(axis=0)) / std
    return dx, (dy * z).sum(axis=0), dy.sum(axis=0)


def variance_sign(dy, x, gain, bias):
    std = np.sqrt(x.var(axis=1, keepdims=True) + EPS)
    z = (x - x.mean(axis=1, keepdims=True)) / std
    dz = dy * gain
    dx = (dz - dz.mean(axis=1, keepdims=True) + z * (dz * z).mean(axis=1, keepdims=True)) / std
    return dx, (dy * z).sum(axis=0), dy.sum(axis=0)


def means_over_all_groups(dy, x, gain, n_groups):
    groups = x.reshape(len(x), n_groups, -1)
    std = np.sqrt(groups.var(axis=2, keepdims=True) + EPS)
    z = (groups - groups.mean(axis=2, keepdims=True)) / std
    dgain = (dy * z.reshape(x.shape)).sum(axis=0)
    dz = (dy * gain).reshape(groups.shape)
    dx = (dz - dz.mean(axis=(1, 2), keepdims=True) - z * (dz * z).mean(axis=(1, 2), keepdims=True)) / std
    return dx.reshape(x.shape), dgain


def means_over_batch_without_length(dy, x, gain, bias):
    std = np.sqrt(x.var(axis=(0, 2), keepdims=True) + EPS)
    z = (x - x.mean(axis=(0, 2), keepdims=True)) / std
    dz = dy * gain[:, None]
    dx = (dz - dz.mean(axis=0) - z * (dz * z).mean(axis=0)) / std
    return dx, (dy * z).sum(axis=(0, 2)), dy.sum(axis=(0, 2))


def norm_constant(dy, x):
    return dy / np.linalg.norm(x, axis=1, keepdims=True)


def projected_on_input(dy, x):
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    y = x / norm
    return (dy - x * (dy * y).sum(axis=1, keepdims=True)) / norm


def length_constant(dy, a, b):
    na, nb = np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(b, axis=1)[:, None]
    cos = cosine(a, b)[:, None]
    da = b / (na * nb)
    db = a / (na * nb) - cos * b / nb**2
    return dy[:, None] * da, dy[:, None] * db


def length_twice(dy, a, b):
    na, nb = np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(b, axis=1)[:, None]
    cos = cosine(a, b)[:, None]
    da = b / (na * nb) - cos * a / na**2
    db = a / (na * nb) - 2 * cos * b / nb**2
    return dy[:, None] * da, dy[:, None] * db


def direction_constant(dy, x, v, g):
    norm = np.sqrt((v**2).sum(axis=0))
    u = v / norm
    dw = x.T @ dy
    return dy @ (g * u).T, g / norm * dw, (dw * u).sum(axis=0)


def lengths_forgotten(dy, x, v, g):
    norm = np.sqrt((v**2).sum(axis=0))
    u = v / norm
    dw = x.T @ dy
    dg = (dw * u).sum(axis=0)
    return dy @ (g * u).T, (dw - u * dg) / norm, dg


ROWS = [
    Row(
        "rms constant",
        "the root mean square is taken for a constant",
        RMS_NORM,
        rms_constant,
        places("x", "term-missing", "statistics-constant"),
    ),
    Row(
        "rms sum for mean",
        "the projection is n times too large",
        RMS_NORM,
        rms_sum_for_mean,
        places("x", "term-factor"),
    ),
    Row(
        "rms gain of the input",
        "dgain from x, not from the normalised z",
        RMS_NORM,
        rms_gain_of_input,
        places("gain", "wrong-argument"),
    ),
    Row(
        "layer norm mean constant",
        "only the variance is differentiated",
        LAYER_NORM,
        mean_constant,
        places("x", "term-missing", "statistics-constant"),
    ),
    Row(
        "layer norm axis",
        "means over the batch in backward",
        LAYER_NORM,
        means_over_the_batch,
        places("x", "wrong-axis"),
    ),
    Row(
        "layer norm sign",
        "the variance's term is added",
        LAYER_NORM,
        variance_sign,
        places("x", "term-factor", "wrong-formula"),
    ),
    Row(
        "group norm over all",
        "means over all groups in backward",
        GROUP_NORM,
        means_over_all_groups,
        places("x", "wrong-axis"),
    ),
    Row(
        "batch norm without length",
        "means over the batch alone, not along the length",
        BATCH_NORM,
        means_over_batch_without_length,
        places("x", "wrong-axis"),
    ),
    Row("length constant", "dy / |x|, no projection", UNIT, norm_constant, places("x", "term-missing")),
    Row(
        "projected on the input",
        "x (y · dy) for y (y · dy)",
        UNIT,
        projected_on_input,
        places("x", "wrong-argument"),
    ),
    Row("cosine length constant", "|a| is taken for a constant", COSINE, length_constant, places("a", "term-missing")),
    Row("cosine length twice", "2 cos b / |b|² is taken off", COSINE, length_twice, places("b", "term-factor")),
    Row(
        "weight norm constant",
        "the lengths of v are taken for constants",
        WEIGHT_NORM,
        direction_constant,
        places("v", "term-missing"),
    ),
    Row(
        "weight norm without g",
        "dv is not multiplied by g",
        WEIGHT_NORM,
        lengths_forgotten,
        places("v", "factor-per-column"),
    ),
]
