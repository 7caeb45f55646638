"""NumPy: costs of times until something happens, some of which were never seen to end."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same


@broken(
    Mistake(
        "cox-censored-count-as-events",
        "the cost has a term for each that was seen to end, and backward one for all",
        "drisk = event @ share - event",
        "drisk = share.sum(axis=0) - event",
        same("x beta", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "cox-risk-set-untransposed",
        "the share of j in the risk set of i is summed over j, and belongs summed over i",
        "drisk = event @ share - event",
        "drisk = share @ event - event",
        same("x beta", "jacobian-not-transposed wrong-axis"),
    ),
    Mistake(
        "cox-mean-over-all",
        "the cost is divided by how many were seen to end, and the gradient by how many there are",
        "drisk = drisk / event.sum()",
        "drisk = drisk / len(event)",
        {"x": "factor", "beta": "term-factor"},
    ),
    Mistake(
        "cox-penalty-not-halved",
        "the penalty is half of a square, and its slope has a 2",
        "penalty * beta",
        "2 * penalty * beta",
        {"beta": "term-factor weight-decay"},
    ),
)
def proportional_hazards(rng):
    penalty = 0.3
    times = rng.permutation(np.arange(1.0, 9.0))
    at_risk = times[None, :] >= times[:, None]
    event = np.array([1.0, 0, 1, 1, 0, 1, 1, 0])

    def cost(x, beta):
        risk = x @ beta
        totals = at_risk @ np.exp(risk)
        terms = event * (np.log(totals) - risk)
        return terms.sum() / event.sum() + penalty / 2 * beta @ beta

    def cost_gradient(x, beta):
        e = np.exp(x @ beta)
        share = at_risk * e / (at_risk @ e)[:, None]
        drisk = event @ share - event
        drisk = drisk / event.sum()
        return np.outer(drisk, beta), x.T @ drisk + penalty * beta

    return gradient_call(cost, cost_gradient, rng.normal(size=(8, 3)), rng.normal(size=3))


@broken(
    Mistake(
        "weibull-shape-in-the-density",
        "the density has the shape as a factor, whose logarithm gets no gradient",
        "dshape = (dz * z).mean(axis=0) - event.mean(axis=0)",
        "dshape = (dz * z).mean(axis=0)",
        {"shape": "term-missing missing"},
    ),
    Mistake(
        "weibull-censored-as-events",
        "what was not seen to end has no density, and backward gives it one",
        "dz = np.exp(z) - event",
        "dz = np.exp(z) - 1",
        same("x w shape", "mask-forgotten wrong-mask"),
    ),
)
def weibull_times(rng):
    log_times = np.log(rng.uniform(0.5, 4, size=(9, 2)))
    event = (rng.uniform(size=(9, 2)) < 0.6).astype(float)

    def cost(x, w, shape):
        z = (log_times - x @ w) * np.exp(shape)
        log_likelihood = event * (shape + z) - np.exp(z)
        return -log_likelihood.mean(axis=0).sum()

    def cost_gradient(x, w, shape):
        z = (log_times - x @ w) * np.exp(shape)
        dz = np.exp(z) - event
        dshape = (dz * z).mean(axis=0) - event.mean(axis=0)
        dscale = -dz * np.exp(shape) / len(x)
        return dscale @ w.T, x.T @ dscale, dshape

    return gradient_call(cost, cost_gradient, rng.normal(size=(9, 3)), rng.normal(size=(3, 2)) / 3, rng.normal(size=2))
