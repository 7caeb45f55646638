"""Modern blocks as custom rules of JAX, right ones and the same with a mistake in the backward."""

import jax
import jax.numpy as jnp


def ruled(f, bwd):
    """Return f(*arrays) with the rule bwd(arrays, dy)."""
    rule = jax.custom_vjp(f)
    rule.defvjp(lambda *arrays: (f(*arrays), arrays), bwd)
    return rule


def unit_rows(x):
    norm = jnp.sqrt((x**2).sum(axis=1, keepdims=True))
    return x / norm


def unit_rows_bwd(arrays, dy):
    (x,) = arrays
    y = unit_rows(x)
    norm = jnp.sqrt((x**2).sum(axis=1, keepdims=True))
    return ((dy - y * (dy * y).sum(axis=1, keepdims=True)) / norm,)


def unprojected_bwd(arrays, dy):
    (x,) = arrays
    return (dy / jnp.sqrt((x**2).sum(axis=1, keepdims=True)),)


def z_cost(logits):
    """The mean of lse - the first logit, and lse² / 10."""
    lse = jax.nn.logsumexp(logits, axis=1)
    return (lse - logits[:, 0] + 0.1 * lse**2).mean()


def z_cost_bwd(arrays, dy, times=2):
    (logits,) = arrays
    p = jax.nn.softmax(logits, axis=1)
    lse = jax.nn.logsumexp(logits, axis=1)
    d = p * (1 + times * 0.1 * lse)[:, None]
    return (dy * d.at[:, 0].add(-1) / len(logits),)


def z_cost_once_bwd(arrays, dy):
    return z_cost_bwd(arrays, dy, 1)


def linear_scan(x, a):
    """h_t = a_t h_{t-1} + x_t, for x and a (T, n)."""

    def step(h, now):
        a_t, x_t = now
        h = a_t * h + x_t
        return h, h

    return jax.lax.scan(step, jnp.zeros_like(x[0]), (a, x))[1]


def linear_scan_bwd(arrays, dy):
    x, a = arrays
    h = linear_scan(x, a)
    before = jnp.concatenate([jnp.zeros_like(h[:1]), h[:-1]])
    later = jnp.concatenate([a[1:], jnp.zeros_like(a[:1])])
    dx = linear_scan(dy[::-1], later[::-1])[::-1]
    return dx, dx * before


def uncarried_bwd(arrays, dy):
    x, a = arrays
    h = linear_scan(x, a)
    before = jnp.concatenate([jnp.zeros_like(h[:1]), h[:-1]])
    return dy, dy * before


def turned(x):
    """RoPE of x (T, d)."""
    half = x.shape[1] // 2
    angle = jnp.outer(jnp.arange(len(x)), 10.0 ** (-jnp.arange(half)))
    a, b = x[:, :half], x[:, half:]
    return jnp.concatenate([a * jnp.cos(angle) - b * jnp.sin(angle), a * jnp.sin(angle) + b * jnp.cos(angle)], axis=1)


def turned_bwd(arrays, dy):
    half = dy.shape[1] // 2
    angle = jnp.outer(jnp.arange(len(dy)), 10.0 ** (-jnp.arange(half)))
    a, b = dy[:, :half], dy[:, half:]
    return (
        jnp.concatenate([a * jnp.cos(angle) + b * jnp.sin(angle), b * jnp.cos(angle) - a * jnp.sin(angle)], axis=1),
    )


def turned_again_bwd(arrays, dy):
    return (turned(dy),)


def head_bias(x, bias):
    """gelu(x + bias), for x (T, H, d) and bias (H, d)."""
    return jax.nn.gelu(x + bias)


def head_bias_bwd(arrays, dy):
    x, bias = arrays
    (d,) = jax.vjp(jax.nn.gelu, x + bias)[1](dy)
    return d, d.sum(axis=0)


def bias_over_heads_bwd(arrays, dy):
    x, bias = arrays
    (d,) = jax.vjp(jax.nn.gelu, x + bias)[1](dy)
    return d, jnp.broadcast_to(d.sum(axis=(0, 1)), bias.shape)


def attention_weights(scores):
    """The softmax of scores (T, S) along the keys."""
    e = jnp.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def attention_weights_bwd(arrays, dy):
    p = attention_weights(*arrays)
    return (p * (dy - (dy * p).sum(axis=1, keepdims=True)),)


def over_queries_bwd(arrays, dy):
    p = attention_weights(*arrays)
    return (p * (dy - (dy * p).sum(axis=0, keepdims=True)),)
