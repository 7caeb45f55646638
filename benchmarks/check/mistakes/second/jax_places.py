"""JAX: functions of places, features turned by row and column, and a filter that looks where it is told."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call


@broken(
    Mistake(
        "rope2d-rows-for-columns",
        "the second half is turned by its column, and turned back by its row",
        "dcolumns = turned(dy[..., 4:], -angles(freq)[1])",
        "dcolumns = turned(dy[..., 4:], -angles(freq)[0])",
        {"x": "wrong-argument"},
    ),
    Mistake(
        "rope2d-columns-turned-on",
        "the second half is turned on instead of back",
        "dcolumns = turned(dy[..., 4:], -angles(freq)[1])",
        "dcolumns = turned(dy[..., 4:], angles(freq)[1])",
        {"x": "jacobian-not-transposed"},
    ),
    Mistake(
        "rope2d-other-pairs",
        "forward turns neighbours, backward the first half of the features with the second",
        "drows = turned(dy[..., :4], -angles(freq)[0])",
        "drows = halved(dy[..., :4], -angles(freq)[0])",
        {"x": ""},
    ),
    Mistake(
        "rope2d-frequency-of-the-rows",
        "rows and columns turn with the same frequencies, and those have a gradient from the rows alone",
        "dangles = dangle(x[..., :4], dy[..., :4], 0) + dangle(x[..., 4:], dy[..., 4:], 1)",
        "dangles = dangle(x[..., :4], dy[..., :4], 0)",
        {"freq": "term-missing missing part-of-dy"},
    ),
)
def turned_by_row_and_column(rng):
    h, w = 2, 3
    row, column = jnp.meshgrid(1.0 * jnp.arange(h), 1.0 * jnp.arange(w), indexing="ij")

    def angles(freq):
        return row[:, :, None] * freq, column[:, :, None] * freq

    def turned(x, angle):
        first, second = x[..., 0::2], x[..., 1::2]
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        return jnp.stack([first * cos - second * sin, first * sin + second * cos], axis=-1).reshape(x.shape)

    def halved(x, angle):
        first, second = jnp.split(x, 2, axis=-1)
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)

    @jax.custom_vjp
    def rope(x, freq):
        parts = []
        for half, place in ((x[..., :4], row), (x[..., 4:], column)):
            angle = place[:, :, None] * freq
            first, second = half[..., 0::2], half[..., 1::2]
            cos, sin = jnp.cos(angle), jnp.sin(angle)
            both = jnp.stack([first * cos - second * sin, first * sin + second * cos], axis=-1)
            parts.append(both.reshape(half.shape))
        return jnp.concatenate(parts, axis=-1)

    def forward(x, freq):
        return rope(x, freq), (x, freq)

    def backward(kept, dy):
        x, freq = kept

        def dangle(half, dhalf, k):
            quarter = turned(half, angles(freq)[k] + jnp.pi / 2)
            along = (quarter * dhalf).reshape(h, w, 2, 2).sum(axis=3)
            return (along * (row, column)[k][:, :, None]).sum(axis=(0, 1))

        drows = turned(dy[..., :4], -angles(freq)[0])
        dcolumns = turned(dy[..., 4:], -angles(freq)[1])
        dangles = dangle(x[..., :4], dy[..., :4], 0) + dangle(x[..., 4:], dy[..., 4:], 1)
        return jnp.concatenate([drows, dcolumns], axis=-1), dangles

    rope.defvjp(forward, backward)
    return jax_call(rope, rope, rng.normal(size=(h, w, 8)), rng.uniform(0.5, 1.5, 2))


@broken(
    Mistake(
        "deformable-offsets-without-weights",
        "what is read is multiplied by the filter, and the offsets' gradient is not",
        "doffsets = dread * w * (upper - lower)",
        "doffsets = dread * (upper - lower)",
        {"offsets": "factor-per-column derivative-forgotten"},
    ),
    Mistake(
        "deformable-outside-on-the-edge",
        "outside there is nothing; its gradient is laid on the number at the edge",
        "return jnp.zeros_like(x).at[jnp.clip(place, 0, n - 1)].add(part * inside(place))",
        "return jnp.zeros_like(x).at[jnp.clip(place, 0, n - 1)].add(part)",
        {"x": "border wrong-mask mask-forgotten"},
    ),
    Mistake(
        "deformable-set",
        "a number that several look at has the gradient of the last of them",
        "return jnp.zeros_like(x).at[jnp.clip(place, 0, n - 1)].add(part * inside(place))",
        "return jnp.zeros_like(x).at[jnp.clip(place, 0, n - 1)].set(part * inside(place))",
        {"x": "overwritten missing"},
    ),
)
def deformable_filter(rng):
    n = 9

    def inside(place):
        return (place >= 0) & (place < n)

    def looked(x, place):
        return jnp.where(inside(place), x[jnp.clip(place, 0, n - 1)], 0)

    def places(offsets):
        where = jnp.arange(n)[:, None] + jnp.arange(-1, 2) + offsets
        left = jnp.floor(where).astype(int)
        return left, where - left

    @jax.custom_vjp
    def filtered(x, offsets, w):
        where = jnp.arange(n)[:, None] + jnp.arange(-1, 2) + offsets
        left = jnp.floor(where).astype(int)
        share = where - left
        lower, upper = looked(x, left), looked(x, left + 1)
        return (w * ((1 - share) * lower + share * upper)).sum(axis=1)

    def forward(*args):
        return filtered(*args), args

    def backward(args, dy):
        x, offsets, w = args

        def laid(place, part):
            return jnp.zeros_like(x).at[jnp.clip(place, 0, n - 1)].add(part * inside(place))

        left, share = places(offsets)
        lower, upper = looked(x, left), looked(x, left + 1)
        dread = dy[:, None]
        dw = (dread * ((1 - share) * lower + share * upper)).sum(axis=0)
        doffsets = dread * w * (upper - lower)
        dx = laid(left, dread * w * (1 - share)) + laid(left + 1, dread * w * share)
        return dx, doffsets, dw

    filtered.defvjp(forward, backward)
    return jax_call(filtered, filtered, rng.normal(size=n), rng.normal(size=(n, 3)), rng.normal(size=3))
