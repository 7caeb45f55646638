"""Gates, activations and branches as they are written today, with right backwards."""

import numpy as np

from support.modern_right import (
    Block,
    normal,
    rms_norm,
    rms_norm_vjp,
    sigmoid,
    sizes,
    softmax,
    softmax_vjp,
    weights,
)

C = np.sqrt(2 / np.pi)


def swiglu(x, w, v, o):
    """(silu(x w) * (x v)) o, for x (N, n), w and v (n, m), o (m, k)."""
    a = x @ w
    g = a * sigmoid(a)
    u = x @ v
    return (g * u) @ o


def swiglu_vjp(dy, x, w, v, o):
    a, u = x @ w, x @ v
    s = sigmoid(a)
    g = a * s
    dh = dy @ o.T
    du = dh * g
    da = dh * u * (s + a * s * (1 - s))
    return da @ w.T + du @ v.T, x.T @ da, x.T @ du, (g * u).T @ dy


def gelu(x):
    """The GELU of tanh."""
    inner = C * (x + 0.044715 * x**3)
    t = np.tanh(inner)
    return 0.5 * x * (1 + t)


def gelu_vjp(dy, x):
    inner = C * (x + 0.044715 * x**3)
    t = np.tanh(inner)
    dinner = C * (1 + 3 * 0.044715 * x**2)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * dinner)


def geglu(x, w, v):
    return gelu(x @ w) * (x @ v)


def geglu_vjp(dy, x, w, v):
    a, u = x @ w, x @ v
    da = gelu_vjp(dy * u, a)
    du = dy * gelu(a)
    return da @ w.T + du @ v.T, x.T @ da, x.T @ du


def mish(x):
    """x tanh(softplus(x))."""
    softplus = np.log1p(np.exp(x))
    t = np.tanh(softplus)
    return x * t


def mish_vjp(dy, x):
    t = np.tanh(np.log1p(np.exp(x)))
    return dy * (t + x * (1 - t**2) * sigmoid(x))


def highway(x, wh, wg):
    """g h + (1 - g) x, with g = sigmoid(x wg) and h = tanh(x wh)."""
    h = np.tanh(x @ wh)
    g = sigmoid(x @ wg)
    return g * h + (1 - g) * x


def highway_vjp(dy, x, wh, wg):
    h, g = np.tanh(x @ wh), sigmoid(x @ wg)
    dah = dy * g * (1 - h**2)
    dag = dy * (h - x) * g * (1 - g)
    dx = dy * (1 - g) + dah @ wh.T + dag @ wg.T
    return dx, x.T @ dah, x.T @ dag


def residual(x, gain, w, v):
    """x + tanh(norm(x) w) v."""
    z = rms_norm(x, gain)
    h = np.tanh(z @ w)
    return x + h @ v


def residual_vjp(dy, x, gain, w, v):
    z = rms_norm(x, gain)
    h = np.tanh(z @ w)
    da = dy @ v.T * (1 - h**2)
    dx, dgain = rms_norm_vjp(da @ w.T, x, gain)
    return dy + dx, dgain, z.T @ da, h.T @ dy


def layer_scale(x, w, gamma):
    """x + gamma * (tanh(x) w), one factor for each output of the branch."""
    branch = np.tanh(x) @ w
    return x + gamma * branch


def layer_scale_vjp(dy, x, w, gamma):
    t = np.tanh(x)
    dbranch = dy * gamma
    dx = dy + dbranch @ w.T * (1 - t**2)
    return dx, t.T @ dbranch, (dy * (t @ w)).sum(axis=0)


def mixture(x, wg, we):
    """Experts tanh(x we[e]) of x (N, n), weighted by softmax(x wg)."""
    p = softmax(x @ wg)
    y = 0
    for e in range(len(we)):
        y = y + p[:, e : e + 1] * np.tanh(x @ we[e])
    return y


def mixture_vjp(dy, x, wg, we):
    p = softmax(x @ wg)
    dx, dwe, dp = np.zeros_like(x), np.zeros_like(we), np.zeros_like(p)
    for e in range(len(we)):
        h = np.tanh(x @ we[e])
        dp[:, e] = (dy * h).sum(axis=1)
        da = dy * p[:, e : e + 1] * (1 - h**2)
        dwe[e] = x.T @ da
        dx += da @ we[e].T
    dlogits = softmax_vjp(dp, p)
    return dx + dlogits @ wg.T, x.T @ dlogits, dwe


def three(rng):
    n, width, m, k = sizes(rng, 3, 5, 7, 11)
    return normal(rng, n, width), weights(rng, width, m), weights(rng, width, m), weights(rng, m, k)


def two(rng):
    return three(rng)[:3]


def square(rng):
    n, width = sizes(rng, 5, 7)
    return normal(rng, n, width), weights(rng, width, width), weights(rng, width, width)


def branched(rng):
    n, width, m = sizes(rng, 3, 5, 7)
    return normal(rng, n, width), rng.uniform(0.5, 2, width), weights(rng, width, m), weights(rng, m, width)


def scaled(rng):
    n, width = sizes(rng, 5, 7)
    return normal(rng, n, width), weights(rng, width, width), rng.uniform(0.2, 0.8, width)


def experts(n_experts):
    def inputs(rng):
        n, width, m = sizes(rng, 5 - n_experts, 5, 7)  # none of them the number of experts
        return normal(rng, n, width), weights(rng, width, n_experts), weights(rng, n_experts, width, m)

    return inputs


def alone(rng):
    return (2 * normal(rng, *sizes(rng, 5, 7)),)


SWIGLU = Block(swiglu, swiglu_vjp, three)
GEGLU = Block(geglu, geglu_vjp, two)
GELU = Block(gelu, gelu_vjp, alone)
MISH = Block(mish, mish_vjp, alone)
HIGHWAY = Block(highway, highway_vjp, square)
RESIDUAL = Block(residual, residual_vjp, branched)
LAYER_SCALE = Block(layer_scale, layer_scale_vjp, scaled)
MIXTURE = Block(mixture, mixture_vjp, experts(3))
MIXTURE_OF_TWO = Block(mixture, mixture_vjp, experts(2))
