"""JAX: costs whose gradients are written out, of a mixture of normals and of an equation that a network is to obey."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "mixture-width-without-its-log",
        "a normal's height falls with its width, and the width's gradient leaves that out",
        "dwidth = r * (1 - z**2)",
        "dwidth = -r * z**2",
        {"ws": "term-missing missing"},
    ),
    Mistake(
        "mixture-mean-not-scaled",
        "the distance from a mean is divided by the width, and the mean's gradient is not",
        "dmean = -r * z / width",
        "dmean = -r * z",
        {"wm": "derivative-forgotten"},
    ),
    Mistake(
        "mixture-shares-without-total",
        "the shares sum to 1 by a softmax, whose total is taken for a constant",
        "dshare = p - r",
        "dshare = -r",
        {"wp": "term-missing"},
    ),
    Mistake(
        "mixture-nearest-alone",
        "each example counts for its likeliest normal alone",
        "r = r / r.sum(axis=1, keepdims=True)",
        "r = 1.0 * (r == r.max(axis=1, keepdims=True))",
        same("wp wm ws", "wrong-formula"),
    ),
)
def mixture_of_normals(rng):
    x, t = jnp.asarray(rng.normal(size=(6, 2))), jnp.asarray(rng.normal(size=(6, 1)))

    @jax.custom_vjp
    def cost(wp, wm, ws):
        logp = jax.nn.log_softmax(x @ wp, axis=1)
        width = jnp.exp(x @ ws)
        z = (t - x @ wm) / width
        each = logp - 0.5 * z**2 - jnp.log(width) - 0.5 * jnp.log(2 * jnp.pi)
        return -jax.nn.logsumexp(each, axis=1).mean()

    def forward(*args):
        return cost(*args), args

    def backward(args, dcost):
        wp, wm, ws = args
        p, width = jax.nn.softmax(x @ wp, axis=1), jnp.exp(x @ ws)
        z = (t - x @ wm) / width
        r = p * jnp.exp(-0.5 * z**2) / width
        r = r / r.sum(axis=1, keepdims=True)
        dshare = p - r
        dmean = -r * z / width
        dwidth = r * (1 - z**2)
        return tuple(dcost * x.T @ each / len(x) for each in (dshare, dmean, dwidth))

    cost.defvjp(forward, backward)
    return jax_call(cost, cost, *(rng.normal(size=(2, 3)) for _ in range(3)))


@broken(
    Mistake(
        "physics-curve-of-one-factor",
        "the second slope of tanh is a product, and one of its factors is taken for a constant",
        "dcurve = fall * (6 * y**2 - 2)",
        "dcurve = -2 * fall**2",
        same("w b", "term-missing"),
    ),
    Mistake(
        "physics-square-of-the-weight",
        "the second slope has the weight's square in it, and the weight's gradient leaves it out",
        "dw = (dz * x).sum(axis=0) + (dsecond * v * bent * 2 * w).sum(axis=0)",
        "dw = (dz * x).sum(axis=0)",
        {"w": "term-missing missing"},
    ),
    Mistake(
        "physics-weight-of-the-ends",
        "the ends count ten times in the cost and once in the gradient",
        "dends = 2 * weight * (u - x) * ends",
        "dends = 2 * (u - x) * ends",
        same("w b v", "term-factor"),
    ),
    Mistake(
        "physics-slope-by-a-wide-step",
        "the slope of the curve is taken by differences, with a step that is far too wide",
        "dcurve = fall * (6 * y**2 - 2)",
        "dcurve = (-2 * jnp.tanh(x * w + b + 0.5) * (1 - jnp.tanh(x * w + b + 0.5) ** 2) - bent) / 0.5",
        same("w b", ""),
    ),
)
def equation_residual(rng):
    x, weight = jnp.linspace(-1, 1, 6)[:, None], 10.0
    ends = jnp.asarray(np.array([1.0, 0, 0, 0, 0, 1])[:, None])

    @jax.custom_vjp
    def cost(w, b, v):
        y = jnp.tanh(x * w + b)
        u = (v * y).sum(axis=1, keepdims=True)
        second = (v * w**2 * -2 * y * (1 - y**2)).sum(axis=1, keepdims=True)
        residual = second + u
        return (residual**2).mean() + weight * (ends * (u - x) ** 2).sum()

    def forward(*args):
        return cost(*args), args

    def backward(args, dcost):
        w, b, v = args
        y = jnp.tanh(x * w + b)
        fall = 1 - y**2
        bent = -2 * y * fall
        u = (v * y).sum(axis=1, keepdims=True)
        dsecond = 2 * dcost * ((v * w**2 * bent).sum(axis=1, keepdims=True) + u) / len(x)
        dends = 2 * weight * (u - x) * ends
        du = dsecond + dcost * dends
        dcurve = fall * (6 * y**2 - 2)
        dz = du * v * fall + dsecond * v * w**2 * dcurve
        dw = (dz * x).sum(axis=0) + (dsecond * v * bent * 2 * w).sum(axis=0)
        return dw, dz.sum(axis=0), (du * y + dsecond * w**2 * bent).sum(axis=0)

    cost.defvjp(forward, backward)
    return jax_call(cost, cost, *(rng.normal(size=5) for _ in range(3)))
