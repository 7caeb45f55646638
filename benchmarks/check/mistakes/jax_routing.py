"""JAX: long functions, a router of experts, pooled segments, and an iteration that has not converged."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "router-balance-forgotten",
        "the penalty for uneven experts is in the cost, not in the router's gradient",
        "dp = dp + dcost * penalty * n_experts * used / n",
        "pass",
        same("x router", "term-missing"),
    ),
    Mistake(
        "router-softmax-diagonal",
        "the router's softmax goes back through its diagonal alone",
        "dlogits = p * (dp - (dp * p).sum(axis=1, keepdims=True))",
        "dlogits = p * (1 - p) * dp",
        same("x router", "diagonal-jacobian"),
    ),
    Mistake(
        "router-z-without-probabilities",
        "the penalty of the log-sum-exp goes to all logits alike: its own softmax is forgotten",
        "dlogits = dlogits + dcost * 2 * z_weight * lse * p / n",
        "dlogits = dlogits + dcost * 2 * z_weight * lse / n",
        same("x router", "derivative-forgotten"),
    ),
    Mistake(
        "router-gate-of-the-expert",
        "an expert's weights learn as if its gate had been 1",
        "dout = gate[:, None] * dy",
        "dout = dy",
        same("x up down", "derivative-forgotten"),
    ),
    Mistake(
        "router-last-expert",
        "the loop over the experts keeps what the last one says of x",
        "dx = dx + da @ up[e].T",
        "dx = da @ up[e].T",
        {"x": "overwritten term-missing"},
    ),
)
def mixture_of_experts(rng):
    penalty, z_weight = 0.3, 0.05
    target = jnp.asarray(rng.normal(size=(7, 5)))

    @jax.custom_vjp
    def cost(x, router, up, down):
        n = len(x)
        n_experts = len(up)
        logits = x @ router
        top = logits.max(axis=1, keepdims=True)
        e = jnp.exp(logits - top)
        total = e.sum(axis=1, keepdims=True)
        p = e / total
        lse = jnp.log(total) + top
        # each goes to the expert that the router likes best
        chosen = jnp.argmax(p, axis=1)
        one_hot = jax.nn.one_hot(chosen, n_experts)
        gate = (p * one_hot).sum(axis=1)
        y = jnp.zeros(x.shape)
        for k in range(n_experts):
            a = x @ up[k]
            s = jax.nn.sigmoid(a)
            h = a * s
            out = h @ down[k]
            mine = one_hot[:, k]
            mine = mine * gate
            part = mine[:, None] * out
            y = y + part
        y = x + y
        miss = y - target
        squared = miss**2
        fit = 0.5 * squared.sum()
        fit = fit / n
        # experts should be used alike
        used = one_hot.mean(axis=0)
        liked = p.mean(axis=0)
        balance = used * liked
        balance = n_experts * balance.sum()
        z = lse**2
        z = z.mean()
        return fit + penalty * balance + z_weight * z

    def forward(*args):
        return cost(*args), args

    def backward(args, dcost):
        x, router, up, down = args
        n, n_experts = len(x), len(up)
        logits = x @ router
        p = jax.nn.softmax(logits, axis=1)
        lse = jax.nn.logsumexp(logits, axis=1, keepdims=True)
        one_hot = jax.nn.one_hot(jnp.argmax(p, axis=1), n_experts)
        used, gate = one_hot.mean(axis=0), (p * one_hot).sum(axis=1)
        a = jnp.einsum("ni,kih->knh", x, up)
        h = jax.nn.silu(a)
        outs = jnp.einsum("knh,kho->kno", h, down) * one_hot.T[:, :, None]
        dy = dcost * (x + gate[:, None] * outs.sum(axis=0) - target) / n
        dgate = (dy * outs.sum(axis=0)).sum(axis=1)
        dout = gate[:, None] * dy
        dx, dup, ddown = jnp.zeros_like(x), [], []
        for e in range(n_experts):
            mine = one_hot[:, e, None] * dout
            ddown.append(h[e].T @ mine)
            s = jax.nn.sigmoid(a[e])
            da = mine @ down[e].T * (s + a[e] * s * (1 - s))
            dup.append(x.T @ da)
            dx = dx + da @ up[e].T
        dp = dgate[:, None] * one_hot
        dp = dp + dcost * penalty * n_experts * used / n
        dlogits = p * (dp - (dp * p).sum(axis=1, keepdims=True))
        dlogits = dlogits + dcost * 2 * z_weight * lse * p / n
        return dx + dy + dlogits @ router.T, x.T @ dlogits, jnp.stack(dup), jnp.stack(ddown)

    cost.defvjp(forward, backward)
    x, router = rng.normal(size=(7, 5)), rng.normal(size=(5, 3))
    return jax_call(cost, cost, x, router, rng.normal(size=(3, 5, 2)), rng.normal(size=(3, 2, 5)))


@broken(
    Mistake(
        "segments-softmax-over-all",
        "attention is a softmax within each word; backward's sum runs over the whole sentence",
        "along = jax.ops.segment_sum(dp * p, words, n_words)[words]",
        "along = (dp * p).sum()",
        same("tokens query", "wrong-axis summed-too-far"),
    ),
    Mistake(
        "segments-mean-without-count",
        "the mean of each word is divided by the tokens' count, and its gradient is not",
        "dmean = dpooled * share[:, None] / count[:, None]",
        "dmean = dpooled * share[:, None]",
        {"tokens": "term-factor derivative-forgotten"},
    ),
    Mistake(
        "segments-query-of-tokens",
        "scores come from the tokens, and the tokens get nothing back from the scores",
        "dtokens = dtokens + dscores[:, None] * query",
        "pass",
        {"tokens": "term-missing"},
    ),
)
def segment_pooling(rng):
    words = jnp.array([0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 4])
    n_words = 5

    @jax.custom_vjp
    def pooled(tokens, query, share):
        scores = tokens @ query
        top = jax.ops.segment_max(scores, words, n_words)
        e = jnp.exp(scores - top[words])
        total = jax.ops.segment_sum(e, words, n_words)
        p = e / total[words]
        attended = jax.ops.segment_sum(p[:, None] * tokens, words, n_words)
        count = jax.ops.segment_sum(jnp.ones(len(words)), words, n_words)
        mean = jax.ops.segment_sum(tokens, words, n_words) / count[:, None]
        return attended + share[:, None] * mean

    def forward(*args):
        return pooled(*args), args

    def backward(args, dpooled):
        tokens, query, share = args
        scores = tokens @ query
        e = jnp.exp(scores - jax.ops.segment_max(scores, words, n_words)[words])
        p = e / jax.ops.segment_sum(e, words, n_words)[words]
        count = jax.ops.segment_sum(jnp.ones(len(words)), words, n_words)
        mean = jax.ops.segment_sum(tokens, words, n_words) / count[:, None]
        dmean = dpooled * share[:, None] / count[:, None]
        dtokens = p[:, None] * dpooled[words] + dmean[words]
        dp = (dpooled[words] * tokens).sum(axis=1)
        along = jax.ops.segment_sum(dp * p, words, n_words)[words]
        dscores = p * (dp - along)
        dtokens = dtokens + dscores[:, None] * query
        return dtokens, tokens.T @ dscores, (dpooled * mean).sum(axis=1)

    pooled.defvjp(forward, backward)
    return jax_call(pooled, pooled, rng.normal(size=(11, 3)), rng.normal(size=3), rng.normal(size=5))


@broken(
    Mistake(
        "root-as-if-converged",
        "two steps of Newton give the square root roughly; backward has the slope of the exact one",
        "return (dy * slope,)",
        "return (dy * 0.5 / jnp.sqrt(x),)",
        {"x": "wrong-formula"},
    ),
    Mistake(
        "root-one-step-only",
        "the last step's slope alone, its start taken for a constant",
        "slope = 0.5 * (1 - x / y**2) * slope + 0.5 / y",
        "slope = 0.5 / y",
        {"x": "term-missing carry-lost"},
    ),
)
def newton_root(rng):
    @jax.custom_vjp
    def root(x):
        y = jnp.ones_like(x)
        for _ in range(2):
            y = 0.5 * (y + x / y)
        return y

    def forward(x):
        return root(x), x

    def backward(x, dy):
        y, slope = jnp.ones_like(x), jnp.zeros_like(x)
        for _ in range(2):
            slope = 0.5 * (1 - x / y**2) * slope + 0.5 / y
            y = 0.5 * (y + x / y)
        return (dy * slope,)

    root.defvjp(forward, backward)
    return jax_call(root, root, np.exp(rng.normal(size=(3, 5))))
