"""Attention with backwards as people get them wrong."""

import numpy as np

from support.modern_right import Row, places, softmax, softmax_vjp
from support.modern_right_attention import (
    ATTENTION,
    ATTENTION_OF_ONE_SHAPE,
    BILINEAR,
    CAUSAL_ATTENTION,
    DROPOUT_ATTENTION,
    GROUPED_ATTENTION,
    HEAD_ATTENTION,
    ROPE,
    ROTARY_ATTENTION,
    SELF_ATTENTION,
    angles,
    attention_vjp,
    bilinear_vjp,
    merge,
    rotate,
    rotate_vjp,
    split,
)


def scale_lost(dy, q, k, v):
    p = softmax(q @ k.T / np.sqrt(q.shape[1]))
    ds = softmax_vjp(dy @ v.T, p)
    return ds @ k, ds.T @ q, p.T @ dy


def scale_twice_for_keys(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    ds = softmax_vjp(dy @ v.T, p) * scale
    return ds @ k, ds.T @ q * scale, p.T @ dy


def diagonal_of_softmax(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    dp = dy @ v.T
    ds = dp * p * (1 - p) * scale
    return ds @ k, ds.T @ q, p.T @ dy


def softmax_over_queries(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    dp = dy @ v.T
    ds = p * (dp - (dp * p).sum(axis=0, keepdims=True)) * scale
    return ds @ k, ds.T @ q, p.T @ dy


def softmax_at_scores(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    scores = q @ k.T * scale
    p = softmax(scores)
    ds = softmax_vjp(dy @ v.T, scores) * scale
    return ds @ k, ds.T @ q, p.T @ dy


def keys_and_values_exchanged(dy, q, k, v):
    dq, dk, dv = attention_vjp(dy, q, k, v)
    return dq, dv, dk


def mask_not_in_backward(dy, q, k, v):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    ds = softmax_vjp(dy @ v.T, p) * scale
    return ds @ k, ds.T @ q, p.T @ dy


def dropout_forgotten(dy, q, k, v, keep):
    scale = 1 / np.sqrt(q.shape[1])
    p = softmax(q @ k.T * scale)
    dv = (p * keep / 0.7).T @ dy
    ds = softmax_vjp(dy @ v.T, p) * scale
    return ds @ k, ds.T @ q, dv


def last_of_group(dy, q, k, v):
    repeat = len(q) // len(k)
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for h in range(len(q)):
        g = h // repeat
        dq[h], dk[g], dv[g] = attention_vjp(dy[h], q[h], k[g], v[g])
    return dq, dk, dv


def last_head_only(dy, x, wq, wk, wv):
    d = wq.shape[2]
    dwq, dwk, dwv = np.zeros_like(wq), np.zeros_like(wk), np.zeros_like(wv)
    for h in range(len(wq)):
        dq, dk, dv = attention_vjp(dy[:, h * d : (h + 1) * d], x @ wq[h], x @ wk[h], x @ wv[h])
        dwq[h], dwk[h], dwv[h] = x.T @ dq, x.T @ dk, x.T @ dv
        dx = dq @ wq[h].T + dk @ wk[h].T + dv @ wv[h].T
    return dx, dwq, dwk, dwv


def keys_not_in_dx(dy, x, wq, wk, wv):
    d = wq.shape[2]
    dx, dwq, dwk, dwv = np.zeros_like(x), np.zeros_like(wq), np.zeros_like(wk), np.zeros_like(wv)
    for h in range(len(wq)):
        dq, dk, dv = attention_vjp(dy[:, h * d : (h + 1) * d], x @ wq[h], x @ wk[h], x @ wv[h])
        dwq[h], dwk[h], dwv[h] = x.T @ dq, x.T @ dk, x.T @ dv
        dx += dq @ wq[h].T + dv @ wv[h].T
    return dx, dwq, dwk, dwv


def heads_merged_by_reshape(dy, q, k, v, n_heads):
    shape = q.shape
    q, k, v, dy = (split(each, n_heads) for each in (q, k, v, dy))
    scale = 1 / np.sqrt(q.shape[2])
    p = softmax(q @ k.transpose(0, 2, 1) * scale)
    dv = p.transpose(0, 2, 1) @ dy
    ds = softmax_vjp(dy @ v.transpose(0, 2, 1), p) * scale
    dq = (ds @ k).reshape(shape)
    return dq, merge(ds.transpose(0, 2, 1) @ q), merge(dv)


def rotated_again(dy, x):
    return rotate(dy)


def half_of_a_pair(dy, x):
    cos, sin = angles(*x.shape)
    da, db = np.split(dy, 2, axis=1)
    return np.concatenate([da * cos, db * cos - da * sin], axis=1)


def keys_not_turned_back(dy, q, k, v):
    dq, dk, dv = attention_vjp(dy, rotate(q), rotate(k), v)
    return rotate_vjp(dq, q), dk, dv


def symmetrised(dy, x, k, a):
    dx, dk, da = bilinear_vjp(dy, x, k, a)
    return dx, dk, (da + da.T) / 2


ROWS = [
    Row("attention scale lost", "1 / √d is not in backward", ATTENTION, scale_lost, places("q k", "factor")),
    Row(
        "attention scale twice",
        "dk is multiplied by 1 / √d once more",
        ATTENTION,
        scale_twice_for_keys,
        places("k", "factor"),
    ),
    Row(
        "attention softmax diagonal",
        "p (1 - p) for the softmax inside",
        ATTENTION,
        diagonal_of_softmax,
        places("q k", "diagonal-jacobian"),
    ),
    Row(
        "attention softmax axis",
        "the sum of the softmax's backward runs over the queries",
        ATTENTION,
        softmax_over_queries,
        places("q k", "wrong-axis"),
    ),
    Row(
        "attention softmax at scores",
        "the softmax's backward is given the scores for p",
        ATTENTION,
        softmax_at_scores,
        places("q k", "wrong-argument"),
    ),
    Row(
        "attention dk and dv exchanged",
        "returned in a wrong order",
        ATTENTION_OF_ONE_SHAPE,
        keys_and_values_exchanged,
        places("k v", "swapped"),
    ),
    Row(
        "causal mask forgotten",
        "backward recomputes p without the mask",
        CAUSAL_ATTENTION,
        mask_not_in_backward,
        places("q k v", "mask-forgotten", "wrong-argument"),
    ),
    Row(
        "attention dropout forgotten",
        "the weights' gradient goes through what was dropped, unscaled",
        DROPOUT_ATTENTION,
        dropout_forgotten,
        places("q k", "mask-forgotten", "derivative-forgotten"),
    ),
    Row(
        "grouped queries overwritten",
        "= for += where heads share their keys",
        GROUPED_ATTENTION,
        last_of_group,
        places("k v", "overwritten", "part-of-dy", "not-summed", "one-example"),
    ),
    Row(
        "last head only",
        "dx = for dx += in the loop over heads",
        SELF_ATTENTION,
        last_head_only,
        places("x", "overwritten", "part-of-dy", "missing"),
    ),
    Row("key path lost", "dx without dk wkᵀ", SELF_ATTENTION, keys_not_in_dx, places("x", "term-missing")),
    Row(
        "heads merged by reshape",
        "dq's heads are not transposed back",
        HEAD_ATTENTION,
        heads_merged_by_reshape,
        places("q", "reordered"),
    ),
    Row(
        "rope turned again",
        "backward turns in the direction of forward",
        ROPE,
        rotated_again,
        places("x", "jacobian-not-transposed", "term-factor"),
    ),
    Row(
        "rope cross term lost",
        "the first of a pair forgets that it moved the second",
        ROPE,
        half_of_a_pair,
        places("x", "term-missing"),
    ),
    Row(
        "rope not turned back",
        "dk is that of the turned keys",
        ROTARY_ATTENTION,
        keys_not_turned_back,
        places("k", "derivative-forgotten"),
    ),
    Row(
        "bilinear symmetrised",
        "(dA + dAᵀ) / 2 though A is not symmetric",
        BILINEAR,
        symmetrised,
        places("a", "symmetrised"),
    ),
]
