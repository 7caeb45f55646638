"""Epochs of 784-HIDDEN-10 in JAX: the same network, cost and optimizer, a whole epoch in one jitted lax.scan."""

from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat

import jax
import jax.numpy as jnp
import numpy as np
from compete import compete
from workloads import LR, MOMENTUM, floats, mlp, mlp_options, tensors

settings = mlp_options(__doc__).parse_args()
x, t = floats(settings.images)
x, t = jnp.asarray(x.reshape(-1, 784)), jax.nn.one_hot(t, 10)


def cost_of(theta: list[jax.Array], x: jax.Array, t: jax.Array) -> jax.Array:
    W_1, b_1, W_2, b_2 = theta
    y = jax.nn.softmax(jax.nn.elu(x @ W_1 + b_1) @ W_2 + b_2)
    losses = t * jnp.maximum(jnp.log(y), -100) + (1 - t) * jnp.maximum(jnp.log1p(-y), -100)  # as PyTorch bounds them
    return -losses.sum() / len(x)


@partial(jax.jit, donate_argnums=(0, 1))
def epoch(theta: list, v: list, order: jax.Array, x: jax.Array, t: jax.Array) -> tuple[list, list, jax.Array]:
    def step(carry: tuple[list, list], chosen: jax.Array) -> tuple[tuple[list, list], jax.Array]:
        theta, v = carry
        cost, gradient = jax.value_and_grad(cost_of)(theta, x[chosen], t[chosen])
        v = [MOMENTUM * v + g for v, g in zip(v, gradient, strict=True)]
        return ([p - LR * v for p, v in zip(theta, v, strict=True)], v), cost

    (theta, v), costs = jax.lax.scan(step, (theta, v), order)
    return theta, v, costs[-1]


def epochs() -> Iterator[float]:
    rng = np.random.default_rng(0)
    theta = [jnp.asarray(part) for part in tensors(mlp(settings.hidden))]
    v = [jnp.zeros_like(part) for part in theta]
    for n in chain([settings.batch] * 2, repeat(len(x))):
        order = rng.permutation(n)[: n // settings.batch * settings.batch].reshape(-1, settings.batch)
        theta, v, cost = epoch(theta, v, order, x, t)
        yield cost.item()


compete(epochs())
