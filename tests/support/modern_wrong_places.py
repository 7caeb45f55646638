"""Convolutions, patches, pooling and embeddings with backwards as people get them wrong."""

import numpy as np

from support.modern_right import Row, places
from support.modern_right_places import (
    CAUSAL_CONV,
    EDGE_CONV,
    EMBEDDED,
    MASKED_MEAN,
    MEAN_POOL,
    PATCHES,
    REFLECT_CONV,
    TIED,
    padded_back,
    patches,
    spread,
    unpatched,
)


def causal_again(dy, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(len(w)):
        dx[k:] += w[k] * dy[: len(x) - k]
        dw[k] = (dy[k:] * x[: len(x) - k]).sum(axis=0)
    return dx, dw


def last_steps_left_out(dy, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(len(x) - len(w) + 1):
        for k in range(min(t + 1, len(w))):
            dx[t - k] += w[k] * dy[t]
            dw[k] += dy[t] * x[t - k]
    return dx, dw


def taps_over_channels(dy, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(len(w)):
        dx[: len(x) - k] += w[k] * dy[k:]
        dw[k] = (dy[k:] * x[: len(x) - k]).sum()
    return dx, dw


def cropped(dy, x, w, mode):
    dpadded, dw = spread(dy, x, w, mode)
    margin = len(w) // 2
    return dpadded[margin:-margin], dw


def folded_to_the_edge(dy, x, w, mode):
    dpadded, dw = spread(dy, x, w, mode)
    return padded_back(dpadded, len(w) // 2, "edge"), dw


def unpatched_by_reshape(dy, x, w, place):
    dx = (dy @ w.T).reshape(x.shape)
    return dx, np.einsum("npk,npd->kd", patches(x, 2), dy), dy.sum(axis=0)


def places_of_one_picture(dy, x, w, place):
    dx = unpatched(dy @ w.T, x.shape, 2)
    return dx, np.einsum("npk,npd->kd", patches(x, 2), dy), dy[0]


def lookup_lost(dy, e, tokens):
    return dy.T @ np.tanh(e[tokens])


def lookup_without_add_at(dy, e, tokens):
    h = np.tanh(e[tokens])
    de = dy.T @ h
    de[tokens] += dy @ e * (1 - h**2)
    return de


def lookup_overwritten(dy, e, tokens):
    de = np.zeros_like(e)
    de[tokens] = dy * np.sqrt(e.shape[1])
    return de


def embedding_scale_lost(dy, e, tokens):
    de = np.zeros_like(e)
    np.add.at(de, tokens, dy)
    return de


def windows_overwritten(dy, x):
    dx = np.zeros_like(x)
    for k in range(len(dy)):
        dx[2 * k : 2 * k + 3] = dy[k] / 3
    return dx


def padding_too(dy, x, mask):
    mean = dy / mask.sum(axis=1)[:, None]
    return np.broadcast_to(mean[:, None, :], x.shape).copy()


def mean_over_all_positions(dy, x, mask):
    return mask[:, :, None] * dy[:, None, :] / x.shape[1]


ROWS = [
    Row(
        "causal conv again",
        "dx looks to the past as y does, not to the future",
        CAUSAL_CONV,
        causal_again,
        places("x", "jacobian-not-transposed"),
    ),
    Row(
        "causal conv last steps left out",
        "the loop ends K - 1 steps early",
        CAUSAL_CONV,
        last_steps_left_out,
        places("x w", "part-of-dy", "missing", "one-example"),
    ),
    Row(
        "taps summed over channels",
        "dw sums over the channels too",
        CAUSAL_CONV,
        taps_over_channels,
        places("w", "summed-too-far"),
    ),
    Row(
        "edge padding cropped",
        "what was padded gives nothing back",
        EDGE_CONV,
        cropped,
        places("x", "border", "term-missing"),
    ),
    Row(
        "reflection folded to the edge",
        "the backward of edge padding",
        REFLECT_CONV,
        folded_to_the_edge,
        places("x", "border"),
    ),
    Row("unpatched by reshape", "without the transposition", PATCHES, unpatched_by_reshape, places("x", "reordered")),
    Row(
        "places of one picture",
        "the gradient of the places is dy[0]",
        PATCHES,
        places_of_one_picture,
        places("place", "not-summed", "one-example", "part-of-dy"),
    ),
    Row("tied lookup lost", "only the logits' side of e", TIED, lookup_lost, places("e", "term-missing")),
    Row(
        "tied lookup without add.at",
        "de[tokens] += counts a repeated token once",
        TIED,
        lookup_without_add_at,
        places("e", "overwritten"),
    ),
    Row(
        "lookup overwritten",
        "de[tokens] = for np.add.at",
        EMBEDDED,
        lookup_overwritten,
        places("e", "overwritten", "one-example", "part-of-dy"),
    ),
    Row("embedding scale lost", "√d is not in backward", EMBEDDED, embedding_scale_lost, places("e", "factor")),
    Row(
        "pooling windows overwritten",
        "= for += where windows overlap",
        MEAN_POOL,
        windows_overwritten,
        places("x", "overwritten"),
    ),
    Row(
        "masked mean's padding too",
        "the mask is not in backward",
        MASKED_MEAN,
        padding_too,
        places("x", "mask-forgotten", "wrong-mask"),
    ),
    Row(
        "masked mean over all",
        "divided by T, not by what the mask leaves",
        MASKED_MEAN,
        mean_over_all_positions,
        places("x", "factor-per-row"),
    ),
]
