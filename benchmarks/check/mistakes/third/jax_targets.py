"""JAX: costs beside targets or loads: quantiles of returns, the router of experts, a prior with free bits."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "quantiles-of-the-other-side",
        "a quantile weighs what lies below it otherwise than what lies above, and the sides are exchanged",
        "weight = jnp.abs(levels - (gap < 0))",
        "weight = jnp.abs(levels - (gap > 0))",
        same("guesses targets", "wrong-mask"),
    ),
    Mistake(
        "quantiles-of-squares",
        "far away the cost is linear, and its slope goes on as that of the square",
        "dgap = dy * weight * jnp.clip(gap, -reach, reach) / (len(guesses) * targets.shape[1])",
        "dgap = dy * weight * gap / (len(guesses) * targets.shape[1])",
        same("guesses targets", "wrong-formula wrong-argument"),
    ),
    Mistake(
        "quantiles-mean-over-the-guesses",
        "the cost is a sum over the quantiles and a mean over the targets, and backward counts the quantiles",
        "dgap = dy * weight * jnp.clip(gap, -reach, reach) / (len(guesses) * targets.shape[1])",
        "dgap = dy * weight * jnp.clip(gap, -reach, reach) / guesses.size",
        same("guesses targets", "factor"),
    ),
)
def quantile_cost(rng):
    reach = 0.8
    levels = jnp.array([0.1, 0.5, 0.9])[None, :, None]

    def cost(guesses, targets):
        gap = targets[:, None, :] - guesses[:, :, None]
        near = jnp.minimum(jnp.abs(gap), reach)
        soft = near**2 / 2 + reach * (jnp.abs(gap) - near)
        return (jnp.abs(levels - (gap < 0)) * soft).mean(axis=2).sum(axis=1).mean()

    def forward(guesses, targets):
        return cost(guesses, targets), (guesses, targets)

    def backward(kept, dy):
        guesses, targets = kept
        gap = targets[:, None, :] - guesses[:, :, None]
        weight = jnp.abs(levels - (gap < 0))
        dgap = dy * weight * jnp.clip(gap, -reach, reach) / (len(guesses) * targets.shape[1])
        return -dgap.sum(axis=2), dgap.sum(axis=1)

    costly = jax.custom_vjp(cost)
    costly.defvjp(forward, backward)
    return jax_call(costly, cost, rng.normal(size=(4, 3)), rng.normal(size=(4, 5)))


@broken(
    Mistake(
        "router-load-as-a-count",
        "the load of an expert is the share of the tokens that go to it, and backward has their number",
        "load = chosen.mean(axis=0)",
        "load = chosen.sum(axis=0)",
        same("x w", "term-factor wrong-argument"),
    ),
    Mistake(
        "router-softmax-over-tokens",
        "each token chooses between the experts, and the softmax comes back as if an expert chose tokens",
        "dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))",
        "dz = p * (dp - (dp * p).sum(axis=0))",
        same("x w", "wrong-axis"),
    ),
    Mistake(
        "router-size-of-the-logits",
        "the cost of large logits is a square, and its slope has no 2",
        "dz = dz + 2 * dy * strict * size[:, None] * p / len(x)",
        "dz = dz + dy * strict * size[:, None] * p / len(x)",
        same("x w", "term-factor"),
    ),
)
def router_load(rng):
    experts, strict = 3, 0.4

    def cost(x, w):
        z = x @ w
        p = jax.nn.softmax(z, axis=1)
        load = jax.nn.one_hot(z.argmax(axis=1), experts).mean(axis=0)
        size = jax.nn.logsumexp(z, axis=1)
        return experts * (load * p.mean(axis=0)).sum() + strict * (size**2).mean()

    def forward(x, w):
        return cost(x, w), (x, w)

    def backward(kept, dy):
        x, w = kept
        z = x @ w
        p, size = jax.nn.softmax(z, axis=1), jax.nn.logsumexp(z, axis=1)
        chosen = jax.nn.one_hot(z.argmax(axis=1), experts)
        load = chosen.mean(axis=0)
        dp = jnp.broadcast_to(dy * experts * load / len(x), p.shape)
        dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))
        dz = dz + 2 * dy * strict * size[:, None] * p / len(x)
        return dz @ w.T, x.T @ dz

    costly = jax.custom_vjp(cost)
    costly.defvjp(forward, backward)
    return jax_call(costly, cost, rng.normal(size=(6, 4)), rng.normal(size=(4, experts)))


@broken(
    Mistake(
        "free-bits-not-free",
        "a group of latents that is close enough to the prior costs nothing, and is pulled closer all the same",
        "dkl = dy * (kl > free) / len(mean)",
        "dkl = dy * jnp.ones_like(kl) / len(mean)",
        same("mean log_spread prior", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "free-bits-spread-of-the-variance",
        "the logarithm is that of the spread, and its gradient is as for that of the variance",
        "dlog_spread = wide * (jnp.exp(2 * log_spread) - 1)",
        "dlog_spread = wide * (jnp.exp(2 * log_spread) - 1) / 2",
        {"log_spread": "factor"},
    ),
    Mistake(
        "free-bits-spread-without-its-log",
        "a wide spread costs its square and a narrow one its logarithm, and the logarithm is left out",
        "dlog_spread = wide * (jnp.exp(2 * log_spread) - 1)",
        "dlog_spread = wide * jnp.exp(2 * log_spread)",
        {"log_spread": "term-missing missing"},
    ),
)
def free_bits(rng):
    groups, free = 3, 0.9

    def cost(mean, log_spread, prior):
        each = ((mean - prior) ** 2 + jnp.exp(2 * log_spread) - 1) / 2 - log_spread
        return jnp.maximum(each.reshape(len(mean), groups, 2).sum(axis=2), free).sum(axis=1).mean()

    def forward(mean, log_spread, prior):
        return cost(mean, log_spread, prior), (mean, log_spread, prior)

    def backward(kept, dy):
        mean, log_spread, prior = kept
        each = ((mean - prior) ** 2 + jnp.exp(2 * log_spread) - 1) / 2 - log_spread
        kl = each.reshape(len(mean), groups, 2).sum(axis=2)
        dkl = dy * (kl > free) / len(mean)
        wide = jnp.repeat(dkl, 2, axis=1)
        dmean = wide * (mean - prior)
        dlog_spread = wide * (jnp.exp(2 * log_spread) - 1)
        return dmean, dlog_spread, -dmean.sum(axis=0)

    costly = jax.custom_vjp(cost)
    costly.defvjp(forward, backward)
    spread = np.array(0.4 * rng.normal(size=(4, 2 * groups)))
    return jax_call(costly, cost, rng.normal(size=(4, 2 * groups)), spread, rng.normal(size=2 * groups))
