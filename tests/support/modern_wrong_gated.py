"""Gates, activations and branches with backwards as people get them wrong."""

import numpy as np

from support.modern_right import Row, places, rms_norm, rms_norm_vjp, sigmoid, softmax, softmax_vjp
from support.modern_right_gated import (
    GEGLU,
    GELU,
    HIGHWAY,
    LAYER_SCALE,
    MISH,
    MIXTURE,
    MIXTURE_OF_TWO,
    RESIDUAL,
    SWIGLU,
    C,
    gelu,
)


def silu_of_sigmoid_alone(dy, x, w, v, o):
    a, u = x @ w, x @ v
    s = sigmoid(a)
    g = a * s
    dh = dy @ o.T
    du = dh * g
    da = dh * u * s
    return da @ w.T + du @ v.T, x.T @ da, x.T @ du, (g * u).T @ dy


def gate_before_silu(dy, x, w, v, o):
    a, u = x @ w, x @ v
    s = sigmoid(a)
    g = a * s
    dh = dy @ o.T
    du = dh * a
    da = dh * u * (s + a * s * (1 - s))
    return da @ w.T + du @ v.T, x.T @ da, x.T @ du, (g * u).T @ dy


def up_path_lost(dy, x, w, v, o):
    a, u = x @ w, x @ v
    s = sigmoid(a)
    g = a * s
    dh = dy @ o.T
    du = dh * g
    da = dh * u * (s + a * s * (1 - s))
    return da @ w.T, x.T @ da, x.T @ du, (g * u).T @ dy


def gelu_of_tanh_alone(dy, x, w, v):
    a, u = x @ w, x @ v
    t = np.tanh(C * (a + 0.044715 * a**3))
    da = dy * u * 0.5 * (1 + t)
    du = dy * gelu(a)
    return da @ w.T + du @ v.T, x.T @ da, x.T @ du


def cube_once(dy, x):
    inner = C * (x + 0.044715 * x**3)
    t = np.tanh(inner)
    dinner = C * (1 + 0.044715 * x**2)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * dinner)


def square_of_inner(dy, x):
    inner = C * (x + 0.044715 * x**3)
    t = np.tanh(inner)
    dinner = C * (1 + 3 * 0.044715 * x**2)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - inner**2) * dinner)


def mish_of_tanh_alone(dy, x):
    return dy * np.tanh(np.log1p(np.exp(x)))


def sigmoid_of_softplus(dy, x):
    softplus = np.log1p(np.exp(x))
    t = np.tanh(softplus)
    return dy * (t + x * (1 - t**2) * sigmoid(softplus))


def carried_input_lost(dy, x, wh, wg):
    h, g = np.tanh(x @ wh), sigmoid(x @ wg)
    dah = dy * g * (1 - h**2)
    dag = dy * (h - x) * g * (1 - g)
    return dah @ wh.T + dag @ wg.T, x.T @ dah, x.T @ dag


def gate_of_one_branch(dy, x, wh, wg):
    h, g = np.tanh(x @ wh), sigmoid(x @ wg)
    dah = dy * g * (1 - h**2)
    dag = dy * h * g * (1 - g)
    dx = dy * (1 - g) + dah @ wh.T + dag @ wg.T
    return dx, x.T @ dah, x.T @ dag


def skip_lost(dy, x, gain, w, v):
    z = rms_norm(x, gain)
    h = np.tanh(z @ w)
    da = dy @ v.T * (1 - h**2)
    dx, dgain = rms_norm_vjp(da @ w.T, x, gain)
    return dx, dgain, z.T @ da, h.T @ dy


def skip_twice(dy, x, gain, w, v):
    z = rms_norm(x, gain)
    h = np.tanh(z @ w)
    da = dy @ v.T * (1 - h**2)
    dx, dgain = rms_norm_vjp(da @ w.T, x, gain)
    dx = dx + dy
    return dy + dx, dgain, z.T @ da, h.T @ dy


def weights_of_input(dy, x, gain, w, v):
    z = rms_norm(x, gain)
    h = np.tanh(z @ w)
    da = dy @ v.T * (1 - h**2)
    dx, dgain = rms_norm_vjp(da @ w.T, x, gain)
    return dy + dx, dgain, x.T @ da, h.T @ dy


def gamma_forgotten(dy, x, w, gamma):
    t = np.tanh(x)
    dx = dy + dy @ w.T * (1 - t**2)
    return dx, t.T @ dy, (dy * (t @ w)).sum(axis=0)


def gate_path_lost(dy, x, wg, we):
    p = softmax(x @ wg)
    dx, dwe, dp = np.zeros_like(x), np.zeros_like(we), np.zeros_like(p)
    for e in range(len(we)):
        h = np.tanh(x @ we[e])
        dp[:, e] = (dy * h).sum(axis=1)
        da = dy * p[:, e : e + 1] * (1 - h**2)
        dwe[e] = x.T @ da
        dx += da @ we[e].T
    return dx, x.T @ softmax_vjp(dp, p), dwe


def diagonal_of_gate(dy, x, wg, we):
    p = softmax(x @ wg)
    dx, dwe, dp = np.zeros_like(x), np.zeros_like(we), np.zeros_like(p)
    for e in range(len(we)):
        h = np.tanh(x @ we[e])
        dp[:, e] = (dy * h).sum(axis=1)
        da = dy * p[:, e : e + 1] * (1 - h**2)
        dwe[e] = x.T @ da
        dx += da @ we[e].T
    dlogits = dp * p * (1 - p)
    return dx + dlogits @ wg.T, x.T @ dlogits, dwe


def last_expert_only(dy, x, wg, we):
    p = softmax(x @ wg)
    dwe, dp = np.zeros_like(we), np.zeros_like(p)
    for e in range(len(we)):
        h = np.tanh(x @ we[e])
        dp[:, e] = (dy * h).sum(axis=1)
        da = dy * p[:, e : e + 1] * (1 - h**2)
        dwe[e] = x.T @ da
        dx = da @ we[e].T
    dlogits = softmax_vjp(dp, p)
    return dx + dlogits @ wg.T, x.T @ dlogits, dwe


ROWS = [
    Row(
        "swiglu of the sigmoid alone",
        "silu' = s, without a s (1 - s)",
        SWIGLU,
        silu_of_sigmoid_alone,
        places("x w", "term-missing"),
    ),
    Row("swiglu gate before silu", "a for silu(a) in du", SWIGLU, gate_before_silu, places("x v", "wrong-argument")),
    Row("swiglu up path lost", "dx without du vᵀ", SWIGLU, up_path_lost, places("x", "term-missing")),
    Row(
        "geglu of tanh alone", "gelu' without the tanh's own", GEGLU, gelu_of_tanh_alone, places("x w", "term-missing")
    ),
    Row("gelu cube once", "the slope of x³ is taken for x²", GELU, cube_once, places("x", "term-factor")),
    Row("gelu square of inner", "1 - inner² for 1 - tanh²", GELU, square_of_inner, places("x", "wrong-argument")),
    Row(
        "mish of tanh alone",
        "the softplus is taken for a constant",
        MISH,
        mish_of_tanh_alone,
        places("x", "term-missing"),
    ),
    Row(
        "mish sigmoid of softplus",
        "the softplus's slope at its output",
        MISH,
        sigmoid_of_softplus,
        places("x", "wrong-argument", "derivative-at-output"),
    ),
    Row("highway input lost", "dx without (1 - g) dy", HIGHWAY, carried_input_lost, places("x", "term-missing")),
    Row(
        "highway gate of one branch",
        "dg = dy h, without - dy x",
        HIGHWAY,
        gate_of_one_branch,
        places("x wg", "term-missing"),
    ),
    Row("skip lost", "dx of the branch alone", RESIDUAL, skip_lost, places("x", "term-missing", "wrong-formula")),
    Row("skip twice", "dy is added twice", RESIDUAL, skip_twice, places("x", "term-factor", "wrong-formula")),
    Row(
        "weights of the input",
        "dw from x, not from the norm of it",
        RESIDUAL,
        weights_of_input,
        places("w", "wrong-argument"),
    ),
    Row(
        "layer scale forgotten",
        "the branch gets dy, not gamma dy",
        LAYER_SCALE,
        gamma_forgotten,
        places("x", "derivative-forgotten") + places("w", "derivative-forgotten", "factor-per-column"),
    ),
    Row("mixture gate path lost", "dx without the gate's", MIXTURE, gate_path_lost, places("x", "term-missing")),
    Row(
        "mixture gate diagonal",
        "p (1 - p) for the gate's softmax",
        MIXTURE,
        diagonal_of_gate,
        places("x wg", "diagonal-jacobian"),
    ),
    Row(
        "mixture last expert only",
        "dx = for dx += in the loop over experts",
        MIXTURE_OF_TWO,
        last_expert_only,
        places("x", "overwritten", "term-missing", "missing"),
    ),
]
