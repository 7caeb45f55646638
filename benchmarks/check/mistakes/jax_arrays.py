"""JAX: custom_vjp functions that gather, interpolate, choose and pad."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "gather-set",
        "rows that are asked for twice are set, and not added to",
        "return jnp.zeros_like(table).at[ids].add(dy * w[:, None]), (dy * table[ids]).sum(axis=1), None",
        "return jnp.zeros_like(table).at[ids].set(dy * w[:, None]), (dy * table[ids]).sum(axis=1), None",
        {"table": "overwritten one-example"},
    ),
    Mistake(
        "gather-weights-by-table-row",
        "the weights' gradient has the first rows of the table, and not those that were asked for",
        "return jnp.zeros_like(table).at[ids].add(dy * w[:, None]), (dy * table[ids]).sum(axis=1), None",
        "return jnp.zeros_like(table).at[ids].add(dy * w[:, None]), (dy * table[: len(ids)]).sum(axis=1), None",
        {"w": "wrong-argument"},
    ),
)
def weighted_gather(rng):
    @jax.custom_vjp
    def gather(table, w, ids):
        return table[ids] * w[:, None]

    def forward(table, w, ids):
        return gather(table, w, ids), (table, w, ids)

    def backward(kept, dy):
        table, w, ids = kept
        return jnp.zeros_like(table).at[ids].add(dy * w[:, None]), (dy * table[ids]).sum(axis=1), None

    gather.defvjp(forward, backward)
    return jax_call(gather, gather, rng.normal(size=(7, 3)), rng.normal(size=5), np.array([4, 1, 4, 6, 1]))


@broken(
    Mistake(
        "interpolation-spacing",
        "the slope is the step of the values, not divided by the spacing of the knots",
        "dx = dy * (values[i + 1] - values[i]) / (knots[i + 1] - knots[i])",
        "dx = dy * (values[i + 1] - values[i])",
        {"x": "derivative-forgotten term-factor"},
    ),
    Mistake(
        "interpolation-weights-exchanged",
        "the knot on the left gets the share of the one on the right, and the other way round",
        "dvalues = dvalues.at[i].add(dy * (1 - t)).at[i + 1].add(dy * t)",
        "dvalues = dvalues.at[i].add(dy * t).at[i + 1].add(dy * (1 - t))",
        {"values": "wrong-argument"},
    ),
)
def interpolation(rng):
    knots = jnp.array([0.0, 0.4, 1.1, 1.5, 2.3, 3.0])

    @jax.custom_vjp
    def interpolate(x, values):
        i = jnp.searchsorted(knots, x) - 1
        t = (x - knots[i]) / (knots[i + 1] - knots[i])
        return (1 - t) * values[i] + t * values[i + 1]

    def forward(x, values):
        return interpolate(x, values), (x, values)

    def backward(kept, dy):
        x, values = kept
        i = jnp.searchsorted(knots, x) - 1
        t = (x - knots[i]) / (knots[i + 1] - knots[i])
        dx = dy * (values[i + 1] - values[i]) / (knots[i + 1] - knots[i])
        dvalues = jnp.zeros_like(values)
        dvalues = dvalues.at[i].add(dy * (1 - t)).at[i + 1].add(dy * t)
        return dx, dvalues

    interpolate.defvjp(forward, backward)
    return jax_call(interpolate, interpolate, rng.uniform(0.1, 2.9, size=11), rng.normal(size=6))


@broken(
    Mistake(
        "top-two-renormalised",
        "the two largest gates are divided by their sum, which backward takes for a constant",
        "dkept = (dw - (dw * w).sum(axis=1, keepdims=True)) / total",
        "dkept = dw / total",
        same("gates", "term-missing statistics-constant"),
    ),
)
def top_two_mixture(rng):
    rows = jnp.arange(5)[:, None]

    @jax.custom_vjp
    def mixture(gates, experts):
        kept, chosen = jax.lax.top_k(gates, 2)
        w = kept / kept.sum(axis=1, keepdims=True)
        return (w[:, :, None] * experts[rows, chosen]).sum(axis=1)

    def forward(gates, experts):
        return mixture(gates, experts), (gates, experts)

    def backward(residual, dy):
        gates, experts = residual
        kept, chosen = jax.lax.top_k(gates, 2)
        total = kept.sum(axis=1, keepdims=True)
        w = kept / total
        dw = (dy[:, None] * experts[rows, chosen]).sum(axis=2)
        dkept = (dw - (dw * w).sum(axis=1, keepdims=True)) / total
        dexperts = jnp.zeros_like(experts).at[rows, chosen].add(w[:, :, None] * dy[:, None])
        return jnp.zeros_like(gates).at[rows, chosen].add(dkept), dexperts

    mixture.defvjp(forward, backward)
    return jax_call(mixture, mixture, rng.uniform(0.1, 1, size=(5, 4)), rng.normal(size=(5, 4, 3)))


@broken(
    Mistake(
        "reflection-cropped",
        "the picture is padded by its mirror image, and backward crops, as if it were zeros",
        "dx = dx.at[1].add(dpadded[0]).at[-2].add(dpadded[-1])",
        "pass",
        {"x": "border term-missing missing"},
    ),
    Mistake(
        "reflection-folded-as-edge",
        "what falls on the padding is folded back to the edge, and not to its mirror image",
        "dx = dx.at[1].add(dpadded[0]).at[-2].add(dpadded[-1])",
        "dx = dx.at[0].add(dpadded[0]).at[-1].add(dpadded[-1])",
        {"x": "border"},
    ),
)
def reflected_blur(rng):
    @jax.custom_vjp
    def blur(x, k):
        padded = jnp.pad(x, ((1, 1), (0, 0)), mode="reflect")
        return k[0] * padded[:-2] + k[1] * padded[1:-1] + k[2] * padded[2:]

    def forward(x, k):
        return blur(x, k), (x, k)

    def backward(kept, dy):
        x, k = kept
        padded = jnp.pad(x, ((1, 1), (0, 0)), mode="reflect")
        dpadded = jnp.zeros_like(padded).at[:-2].add(k[0] * dy).at[1:-1].add(k[1] * dy).at[2:].add(k[2] * dy)
        dx = dpadded[1:-1]
        dx = dx.at[1].add(dpadded[0]).at[-2].add(dpadded[-1])
        dk = jnp.stack([(dy * padded[j : j + len(x)]).sum() for j in range(3)])
        return dx, dk

    blur.defvjp(forward, backward)
    return jax_call(blur, blur, rng.normal(size=(7, 3)), rng.normal(size=3))
