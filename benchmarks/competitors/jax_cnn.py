"""Training steps of the convolutional network in JAX, each step jitted as a whole, from a float array in memory."""

from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat

import jax
import jax.numpy as jnp
import numpy as np
from compete import compete
from jax import lax
from workloads import cnn, cnn_options, floats, tensors

settings = cnn_options(__doc__).parse_args()
x, t = (jnp.asarray(part) for part in floats(settings.images))
Tensors = list[jax.Array]


def conv_relu_pool(x: jax.Array, W: jax.Array, b: jax.Array) -> jax.Array:
    y = lax.conv_general_dilated(x, W, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return lax.reduce_window(jax.nn.relu(y + b), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def cost_of(theta: Tensors, x: jax.Array, t: jax.Array) -> jax.Array:
    W_1, b_1, W_2, b_2, W_3, b_3 = theta
    y = conv_relu_pool(conv_relu_pool(x, W_1, b_1), W_2, b_2).reshape(len(x), -1) @ W_3 + b_3
    return -jnp.take_along_axis(jax.nn.log_softmax(y), t[:, None], axis=1).mean()


@partial(jax.jit, donate_argnums=(0, 1, 2))
def adam_step(
    theta: Tensors, m: Tensors, v: Tensors, number: int, x: jax.Array, t: jax.Array, chosen: jax.Array
) -> tuple[Tensors, Tensors, Tensors, jax.Array]:
    cost, gradient = jax.value_and_grad(cost_of)(theta, x[chosen], t[chosen])
    m = [0.9 * m + 0.1 * g for m, g in zip(m, gradient, strict=True)]
    v = [0.999 * v + 0.001 * g * g for v, g in zip(v, gradient, strict=True)]
    rate, root = 1e-3 / (1 - 0.9**number), 1 / jnp.sqrt(1 - 0.999**number)
    theta = [p - rate * m / (jnp.sqrt(v) * root + 1e-8) for p, m, v in zip(theta, m, v, strict=True)]
    return theta, m, v, cost


def steps() -> Iterator[float]:
    rng, number, size = np.random.default_rng(0), 0, settings.batch
    theta = [jnp.asarray(part) for part in tensors(cnn(*settings.channels))]
    m, v = ([jnp.zeros_like(part) for part in theta] for _ in range(2))
    for n in chain([size] * 2, repeat(len(x))):
        order = rng.permutation(n)
        for first in range(0, n - size + 1, size):  # whole batches: another size would be compiled anew
            number += 1
            theta, m, v, cost = adam_step(theta, m, v, number, x, t, order[first : first + size])
            yield cost.item()


compete(steps())
