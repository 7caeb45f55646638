"""JAX: custom_vjp functions of a few lines."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call


@broken(
    Mistake(
        "softcap-at-the-raw-logits",
        "the tanh's slope is taken at x, and forward has x / cap",
        "t = jnp.tanh(x / cap)",
        "t = jnp.tanh(x)",
        {"x": "wrong-argument wrong-formula"},
    ),
    Mistake(
        "softcap-divided-once-more",
        "the cap in front and the one inside cancel; backward divides by it nevertheless",
        "return (dy * (1 - t**2),)",
        "return (dy * (1 - t**2) / cap,)",
        {"x": "factor"},
    ),
)
def softcap(rng):
    cap = 3.0

    @jax.custom_vjp
    def capped(x):
        return cap * jnp.tanh(x / cap)

    def forward(x):
        return capped(x), x

    def backward(x, dy):
        t = jnp.tanh(x / cap)
        return (dy * (1 - t**2),)

    capped.defvjp(forward, backward)
    return jax_call(capped, capped, 2 * rng.normal(size=(5, 7)))


@broken(
    Mistake(
        "solve-outer-swapped",
        "the matrix's gradient is the outer product in the wrong order",
        "return -jnp.outer(u, x), u",
        "return -jnp.outer(x, u), u",
        {"a": "transposed"},
    ),
    Mistake(
        "solve-not-transposed",
        "backward solves with A where Aᵀ belongs, as if it were symmetric",
        "u = jnp.linalg.solve(a.T, dy)",
        "u = jnp.linalg.solve(a, dy)",
        {"a": "jacobian-not-transposed", "b": "jacobian-not-transposed"},
    ),
)
def linear_solve(rng):
    @jax.custom_vjp
    def solve(a, b):
        return jnp.linalg.solve(a, b)

    def forward(a, b):
        x = solve(a, b)
        return x, (a, x)

    def backward(kept, dy):
        a, x = kept
        u = jnp.linalg.solve(a.T, dy)
        return -jnp.outer(u, x), u

    solve.defvjp(forward, backward)
    return jax_call(solve, solve, rng.normal(size=(5, 5)) + 3 * np.eye(5), rng.normal(size=5))


@broken(
    Mistake(
        "z-loss-without-dy",
        "the term of the z-loss is added after the product with dy",
        "return (dy * (p - one_hot + 2 * weight * lse * p) / len(x), None)",
        "return (dy * (p - one_hot) / len(x) + 2 * weight * lse * p / len(x), None)",
        {"x": "dy-partly-ignored"},
    ),
    Mistake(
        "z-loss-forgotten",
        "the z-loss is in the cost, and not in its gradient",
        "return (dy * (p - one_hot + 2 * weight * lse * p) / len(x), None)",
        "return (dy * (p - one_hot) / len(x), None)",
        {"x": "term-missing"},
    ),
    Mistake(
        "z-loss-square",
        "the square of the log-sum-exp loses its 2",
        "return (dy * (p - one_hot + 2 * weight * lse * p) / len(x), None)",
        "return (dy * (p - one_hot + weight * lse * p) / len(x), None)",
        {"x": "term-factor"},
    ),
)
def cross_entropy_with_z_loss(rng):
    weight = 0.1

    @jax.custom_vjp
    def cost(x, labels):
        lse = jax.nn.logsumexp(x, axis=1)
        nll = lse - x[jnp.arange(len(x)), labels]
        return jnp.mean(nll + weight * lse**2)

    def forward(x, labels):
        return cost(x, labels), (x, labels)

    def backward(kept, dy):
        x, labels = kept
        lse = jax.nn.logsumexp(x, axis=1, keepdims=True)
        p, one_hot = jnp.exp(x - lse), jax.nn.one_hot(labels, x.shape[1])
        return (dy * (p - one_hot + 2 * weight * lse * p) / len(x), None)

    cost.defvjp(forward, backward)
    return jax_call(cost, cost, rng.normal(size=(7, 5)), np.array([2, 0, 4, 1, 1, 3, 0]))


@broken(
    Mistake(
        "standardise-count",
        "forward divides the variance by n - 1, backward by n",
        "projected = z * (dy * z).sum(axis=0) / (len(x) - 1)",
        "projected = z * (dy * z).sum(axis=0) / len(x)",
        {"x": "term-factor wrong-formula"},
    ),
    Mistake(
        "standardise-half-precision",
        "what is kept for backward is kept in float16",
        "return standardise(x), x",
        "return standardise(x), x.astype(jnp.float16).astype(x.dtype)",
        {"x": "imprecise"},
    ),
)
def standardise_columns(rng):
    @jax.custom_vjp
    def standardise(x):
        centred = x - x.mean(axis=0)
        return centred / jnp.sqrt((centred**2).sum(axis=0) / (len(x) - 1))

    def forward(x):
        return standardise(x), x

    def backward(x, dy):
        s = x.std(axis=0, ddof=1)
        z = (x - x.mean(axis=0)) / s
        projected = z * (dy * z).sum(axis=0) / (len(x) - 1)
        return ((dy - dy.mean(axis=0) - projected) / s,)

    standardise.defvjp(forward, backward)
    return jax_call(standardise, standardise, rng.normal(size=(7, 3)))
