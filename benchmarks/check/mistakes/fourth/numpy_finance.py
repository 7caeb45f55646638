"""NumPy: prices of options, and how money is spread over what there is to buy."""

from math import erf, pi

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, vjp_call


@broken(
    Mistake(
        "option-vega-without-root-of-time",
        "a price moves with the volatility by the root of the time that is left, which is left out",
        "dvol = dy * spot * density(d1) * root",
        "dvol = dy * spot * density(d1)",
        {"vol": "factor-per-column wrong-formula"},
    ),
    Mistake(
        "option-time-without-interest",
        "with time a price moves by its volatility and by the interest on the strike, and one is left out",
        "dyears = dy * (spot * density(d1) * vol / (2 * root) + rate * paid * below(d2))",
        "dyears = dy * (spot * density(d1) * vol / (2 * root))",
        {"years": "term-missing missing"},
    ),
    Mistake(
        "option-delta-of-the-other-number",
        "the slope by the price of the share is the chance at d1, and the one at d2 is taken",
        "dspot = dy * below(d1)",
        "dspot = dy * below(d2)",
        {"spot": "wrong-argument wrong-formula"},
    ),
    Mistake(
        "option-spot-averaged",
        "one share stands behind all options of its row, and their slopes are averaged instead of added",
        "dspot.sum(axis=1, keepdims=True)",
        "dspot.mean(axis=1, keepdims=True)",
        {"spot": "factor"},
    ),
)
def option_book(rng):
    below = np.vectorize(lambda z: (1 + erf(z / 2**0.5)) / 2)

    def density(z):
        return np.exp(-z * z / 2) / np.sqrt(2 * pi)

    def price(spot, strike, vol, years, rate):
        root = np.sqrt(years)
        d1 = (np.log(spot / strike) + (rate + vol * vol / 2) * years) / (vol * root)
        d2 = d1 - vol * root
        return spot * below(d1) - strike * np.exp(-rate * years) * below(d2)

    def price_vjp(dy, spot, strike, vol, years, rate):
        root = np.sqrt(years)
        d1 = (np.log(spot / strike) + (rate + vol * vol / 2) * years) / (vol * root)
        d2 = d1 - vol * root
        paid = strike * np.exp(-rate * years)
        dspot = dy * below(d1)
        dstrike = -dy * np.exp(-rate * years) * below(d2)
        dvol = dy * spot * density(d1) * root
        dyears = dy * (spot * density(d1) * vol / (2 * root) + rate * paid * below(d2))
        drate = dy * paid * years * below(d2)
        return dspot.sum(axis=1, keepdims=True), dstrike.sum(axis=0), dvol, dyears.sum(axis=0), drate.sum(keepdims=True)

    spot, strike = rng.uniform(0.8, 1.3, size=(4, 1)), rng.uniform(0.8, 1.3, size=3)
    vol, years = rng.uniform(0.2, 0.6, size=(4, 3)), rng.uniform(0.3, 2.5, size=3)
    return vjp_call(price, price_vjp, spot, strike, vol, years, np.full((1, 1), 0.2))


@broken(
    Mistake(
        "portfolio-softmax-diagonal",
        "all shares move when one logit does, and each is taken to move by its own",
        "dlogits = w * (dw - dw @ w)",
        "dlogits = w * (1 - w) * dw",
        {"logits": "diagonal-jacobian"},
    ),
    Mistake(
        "portfolio-risk-halved",
        "the risk is half of a square, whose slope is whole",
        "dw = -gains + aversion * risk",
        "dw = -gains + aversion / 2 * risk",
        {"logits": "term-factor term-missing"},
    ),
    Mistake(
        "portfolio-fee-pays-for-moving",
        "the fee falls where it should rise: the shares of before and of now are exchanged",
        "dw = dw + fee * moved / np.sqrt(moved**2 + soft)",
        "dw = dw - fee * moved / np.sqrt(moved**2 + soft)",
        {"logits": "term-factor"},
    ),
    Mistake(
        "portfolio-factors-on-one-side",
        "the covariance has the factors on both sides, and the gradient comes from one",
        "dfactors = aversion * np.outer(w, w @ factors)",
        "dfactors = aversion / 2 * np.outer(w, w @ factors)",
        {"factors": "factor term-missing missing"},
    ),
)
def portfolio(rng):
    aversion, fee, soft = 1.5, 0.7, 1e-2
    held = np.array([0.4, 0.1, 0.1, 0.2, 0.2])

    def cost(logits, gains, factors):
        e = np.exp(logits)
        w = e / e.sum()
        exposed = w @ factors
        risk = exposed @ exposed
        moved = w - held
        fees = np.sqrt(moved**2 + soft)
        return -w @ gains + aversion / 2 * risk + fee * fees.sum()

    def cost_gradient(logits, gains, factors):
        e = np.exp(logits - logits.max())
        w = e / e.sum()
        risk, moved = factors @ (w @ factors), w - held
        dw = -gains + aversion * risk
        dw = dw + fee * moved / np.sqrt(moved**2 + soft)
        dlogits = w * (dw - dw @ w)
        dfactors = aversion * np.outer(w, w @ factors)
        return dlogits, -w, dfactors

    return gradient_call(cost, cost_gradient, rng.normal(size=5), rng.normal(size=5), rng.normal(size=(5, 3)))
