"""JAX: a small model of language that uses one table for words in and words out, in a long function."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "one-table-words-out-alone",
        "the table is used to look words up and to score them, and gets a gradient from the scores alone",
        "dtable = dtable.at[words[:, :-1]].add(dlooked)",
        "dtable = dtable + 0",
        {"table": "term-missing missing wiring"},
    ),
    Mistake(
        "one-table-repeated-words",
        "a word that stands in several places gets the gradient of one of them",
        "dtable = dtable.at[words[:, :-1]].add(dlooked)",
        "dtable = dtable + jnp.zeros_like(table).at[words[:, :-1]].set(dlooked)",
        {"table": "overwritten missing term-missing one-example"},
    ),
    Mistake(
        "one-table-word-of-the-place",
        "each place is to say the next word, and backward wants its own",
        "labels = words[:, 1:]",
        "labels = words[:, :-1]",
        same("table places mix bias", "wrong-argument"),
    ),
    Mistake(
        "one-table-padding-counts",
        "what follows the end of a text is no part of the cost, and it is of the gradient",
        "dscores = dscores * counts[:, :, None] / counts.sum()",
        "dscores = dscores / counts.sum()",
        same("table places mix bias", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "one-table-mean-over-padding",
        "the cost is a mean over the words, and the gradient one over all places",
        "dscores = dscores * counts[:, :, None] / counts.sum()",
        "dscores = dscores * counts[:, :, None] / counts.size",
        same("table places mix bias", "factor"),
    ),
    Mistake(
        "one-table-own-word-alone",
        "each place may look at all before it, and the mean is passed back to the place itself",
        'dunits = jnp.einsum("ts,ntd->nsd", looks, dmean)',
        "dunits = dmean / jnp.arange(1, n + 1)[:, None]",
        same("table places mix", "diagonal-jacobian term-missing missing"),
    ),
)
def one_table(rng):
    words = jnp.asarray([[1, 4, 2, 2, 5], [3, 1, 1, 0, 0], [2, 5, 4, 1, 0]])

    @jax.custom_vjp
    def cost(table, places, mix, bias):
        inward = words[:, :-1]
        wanted = words[:, 1:]
        # looked up, each place with its own addition
        looked = table[inward]
        looked = looked + places
        z = looked @ mix
        units = jnp.tanh(z)
        # the mean of all so far
        n = units.shape[1]
        steps = jnp.arange(n)
        before = steps[:, None] >= steps
        looks = before.astype(float)
        n_before = looks.sum(axis=1, keepdims=True)
        looks = looks / n_before
        mean = jnp.einsum("ts,nsd->ntd", looks, units)
        # which is added to what was looked up
        state = looked + mean
        squares = state * state
        square = squares.mean(axis=-1, keepdims=True)
        size = jnp.sqrt(square + 1e-5)
        state = state / size
        # and compared with all words
        turned = table.T
        scores = state @ turned
        scores = scores + bias
        top = scores.max(axis=-1, keepdims=True)
        e = jnp.exp(scores - top)
        total = e.sum(axis=-1)
        total = jnp.log(total)
        total = total + top[:, :, 0]
        said = jnp.take_along_axis(scores, wanted[:, :, None], axis=-1)
        said = said[:, :, 0]
        terms = total - said
        # without what follows the end
        counts = wanted > 0
        terms = terms * counts
        return terms.sum() / counts.sum()

    def cost_fwd(*arrays):
        return cost(*arrays), arrays

    def cost_bwd(kept, dy):
        table, places, mix, bias = kept
        labels = words[:, 1:]
        counts = words[:, 1:] > 0
        n = counts.shape[1]
        looks = jnp.tril(jnp.ones((n, n))) / jnp.arange(1, n + 1)[:, None]
        looked = table[words[:, :-1]] + places
        units = jnp.tanh(looked @ mix)
        raw = looked + jnp.einsum("ts,nsd->ntd", looks, units)
        size = jnp.sqrt((raw**2).mean(axis=-1, keepdims=True) + 1e-5)
        state = raw / size
        dscores = jax.nn.softmax(state @ table.T + bias) - jax.nn.one_hot(labels, len(table))
        dscores = dscores * counts[:, :, None] / counts.sum()
        dscores = dy * dscores
        dtable = jnp.einsum("ntw,ntd->wd", dscores, state)
        dstate = dscores @ table
        dmean = (dstate - state * (dstate * state).mean(axis=-1, keepdims=True)) / size
        dunits = jnp.einsum("ts,ntd->nsd", looks, dmean)
        dz = dunits * (1 - units**2)
        dlooked = dmean + dz @ mix.T
        dmix = jnp.einsum("nti,nto->io", looked, dz)
        dtable = dtable.at[words[:, :-1]].add(dlooked)
        return dtable, dlooked.sum(axis=0), dmix, dscores.sum(axis=(0, 1))

    cost.defvjp(cost_fwd, cost_bwd)
    shapes = (6, 3), (4, 3), (3, 3), (6,)
    return jax_call(cost, cost, *(rng.normal(size=each) for each in shapes))
