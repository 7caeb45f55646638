"""JAX: a matrix that is made orthogonal step by step, and layers whose weights are made by another."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "orthogonal-product-with-itself",
        "a matrix times its own transpose moves with both, and the gradient comes from one",
        "dx = dx + (dproduct + dproduct.T) @ x",
        "dx = dx + dproduct @ x",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "orthogonal-square-from-one-side",
        "the slope of a square of matrices has the matrix on either side, and here it is twice on one",
        "dproduct = second * dpolynomial + third * (dpolynomial @ product + product @ dpolynomial)",
        "dproduct = second * dpolynomial + 2 * third * dpolynomial @ product",
        {"x": "term-missing term-factor wrong-formula"},
    ),
    Mistake(
        "orthogonal-size-constant",
        "the matrix is divided by its size first, and that is taken for a constant",
        "return ((dx - (dx * states[0]).sum() * states[0]) / size,)",
        "return (dx / size,)",
        {"x": "statistics-constant term-missing missing"},
    ),
    Mistake(
        "orthogonal-states-after-the-step",
        "the slope of a step is taken at what came out of it",
        "x = states[t]",
        "x = states[t + 1]",
        {"x": "wrong-argument derivative-at-output"},
    ),
)
def made_orthogonal(rng):
    first, second, third, n_steps = 1.5, -0.6, 0.1, 4

    def steps(x):
        size = jnp.sqrt((x**2).sum())
        x = x / size
        states = [x]
        for _ in range(n_steps):
            product = x @ x.T
            polynomial = second * product + third * product @ product
            x = first * x + polynomial @ x
            states.append(x)
        return states, size

    @jax.custom_vjp
    def orthogonal(x):
        return steps(x)[0][-1]

    def orthogonal_fwd(x):
        states, size = steps(x)
        return states[-1], (states, size)

    def orthogonal_bwd(kept, dy):
        states, size = kept
        dx = dy
        for t in reversed(range(n_steps)):
            x = states[t]
            product = x @ x.T
            polynomial = second * product + third * product @ product
            dpolynomial = dx @ x.T
            dx = first * dx + polynomial @ dx
            dproduct = second * dpolynomial + third * (dpolynomial @ product + product @ dpolynomial)
            dx = dx + (dproduct + dproduct.T) @ x
        return ((dx - (dx * states[0]).sum() * states[0]) / size,)

    orthogonal.defvjp(orthogonal_fwd, orthogonal_bwd)
    return jax_call(orthogonal, steps, rng.normal(size=(3, 5)))


@broken(
    Mistake(
        "made-weights-turned",
        "the gradient of the weights that were made is laid out with inputs and outputs exchanged",
        'dmade = jnp.einsum("ni,no->nio", x, dinner).reshape(len(x), -1)',
        'dmade = jnp.einsum("ni,no->noi", x, dinner).reshape(len(x), -1)',
        same("context maker base", "transposed reordered"),
    ),
    Mistake(
        "made-weights-context-of-the-bias",
        "the context makes weights and bias, and gets nothing from the bias",
        "dcontext = dmade @ maker.T + dinner @ bias_maker.T",
        "dcontext = dmade @ maker.T",
        {"context": "term-missing missing"},
    ),
    Mistake(
        "made-weights-base-averaged",
        "all examples share what is added to their weights, and its gradient is their mean",
        "dbase = dmade.sum(axis=0)",
        "dbase = dmade.mean(axis=0)",
        {"base": "factor"},
    ),
    Mistake(
        "made-weights-of-the-first-example",
        "each example has weights of its own, and the input goes back through those of the first",
        'dx = jnp.einsum("no,nio->ni", dinner, weights)',
        'dx = jnp.einsum("no,io->ni", dinner, weights[0])',
        {"x": "wrong-argument"},
    ),
)
def made_weights(rng):
    @jax.custom_vjp
    def layer(x, context, maker, base, bias_maker):
        weights = (context @ maker + base).reshape(len(x), x.shape[1], -1)
        inner = jnp.einsum("ni,nio->no", x, weights) + context @ bias_maker
        return jnp.tanh(inner)

    def layer_fwd(x, context, maker, base, bias_maker):
        y = layer(x, context, maker, base, bias_maker)
        return y, (y, x, context, maker, base, bias_maker)

    def layer_bwd(kept, dy):
        y, x, context, maker, base, bias_maker = kept
        weights = (context @ maker + base).reshape(len(x), x.shape[1], -1)
        dinner = dy * (1 - y**2)
        dx = jnp.einsum("no,nio->ni", dinner, weights)
        dmade = jnp.einsum("ni,no->nio", x, dinner).reshape(len(x), -1)
        dbase = dmade.sum(axis=0)
        dcontext = dmade @ maker.T + dinner @ bias_maker.T
        return dx, dcontext, context.T @ dmade, dbase, context.T @ dinner

    layer.defvjp(layer_fwd, layer_bwd)
    shapes = (5, 3), (5, 2), (2, 12), (12,), (2, 4)
    return jax_call(layer, layer, *(rng.normal(size=each) / 1.5 for each in shapes))
