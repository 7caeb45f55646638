"""JAX: long functions, a picture of Gaussian splats and a cost of two views of a picture."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "splats-nothing-behind",
        "a splat adds its own colour and dims what lies behind it, and the second is left out",
        "dalpha = (dy @ colours[g] - (dy * behind).sum(axis=1)) * lights[place]",
        "dalpha = (dy @ colours[g]) * lights[place]",
        same("centres log_sizes opacity", "term-missing missing"),
    ),
    Mistake(
        "splats-in-the-order-of-the-list",
        "splats are laid from the near to the far, and backward takes them as they stand in the list",
        "for place, g in reversed(list(enumerate(order))):",
        "for place, g in reversed(list(enumerate(range(len(order))))):",
        {**same("centres log_sizes opacity", "wrong-argument"), "colours": "wrong-argument reordered"},
    ),
    Mistake(
        "splats-full-ones-move",
        "a splat covers at most nine tenths, and backward moves it also where it is at that",
        "dfull = dalpha * (full < 0.9)",
        "dfull = dalpha",
        same("centres log_sizes opacity", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "splats-size-of-the-width",
        "a splat has two sizes, and the square of the gap is summed over both for each",
        "dlog_sizes = dlog_sizes.at[g].set((dbell[:, None] * gap**2 / size**2).sum(axis=0))",
        "dlog_sizes = dlog_sizes.at[g].set((dbell[:, None] * gap**2 / size**2).sum() * jnp.ones(2))",
        {"log_sizes": "summed-too-far wrong-axis"},
    ),
    Mistake(
        "splats-background-over-all",
        "the background is seen through what all splats let pass, and gets dy as if there were none",
        "dbackground = (lights[-1][:, None] * dy).sum(axis=0)",
        "dbackground = dy.sum(axis=0)",
        {"background": "derivative-forgotten"},
    ),
)
def splats(rng):
    pixels = jnp.asarray(np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0)), axis=-1).reshape(-1, 2))
    order = [2, 0, 3, 1]

    def draw(centres, log_sizes, opacity, colours, background):
        sizes = jnp.exp(log_sizes)
        strong = jnp.exp(-opacity)
        strong = 1 + strong
        strong = 1 / strong
        light = jnp.ones(len(pixels))
        picture = jnp.zeros((len(pixels), 3))
        for g in order:
            # how far each pixel is from the middle, in sizes
            centre = centres[g]
            gap = pixels - centre
            size = sizes[g]
            gap = gap / size
            square = gap * gap
            square = square.sum(axis=1)
            half = square / 2
            bell = jnp.exp(-half)
            full = strong[g] * bell
            alpha = jnp.minimum(full, 0.9)
            # what is seen of it, and what passes on
            seen = light * alpha
            seen = seen[:, None]
            colour = colours[g]
            colour = colour[None, :]
            added = seen * colour
            picture = picture + added
            clear = 1 - alpha
            light = light * clear
        # the background, where light is left
        left = light[:, None]
        rest = left * background
        picture = picture + rest
        # as a screen shows it
        bright = picture + 1
        bright = jnp.maximum(bright, -3)
        bright = bright * 0.5
        low = jnp.tanh(bright)
        return low + bright

    def forward(centres, log_sizes, opacity, colours, background):
        return draw(centres, log_sizes, opacity, colours, background), (
            centres,
            log_sizes,
            opacity,
            colours,
            background,
        )

    def backward(kept, dscreen):
        centres, log_sizes, opacity, colours, background = kept
        sizes, strong = jnp.exp(log_sizes), jax.nn.sigmoid(opacity)
        lights, alphas, fulls, picture = [jnp.ones(len(pixels))], [], [], 0
        for g in order:
            fulls.append(strong[g] * jnp.exp(-(((pixels - centres[g]) / sizes[g]) ** 2).sum(axis=1) / 2))
            alphas.append(jnp.minimum(fulls[-1], 0.9))
            picture = picture + (lights[-1] * alphas[-1])[:, None] * colours[g]
            lights.append(lights[-1] * (1 - alphas[-1]))
        picture = picture + lights[-1][:, None] * background
        dy = dscreen * 0.5 * (2 - jnp.tanh((picture + 1) / 2) ** 2) * (picture > -4)
        dcentres, dlog_sizes, dopacity, dcolours = (jnp.zeros_like(each) for each in kept[:4])
        dbackground = (lights[-1][:, None] * dy).sum(axis=0)
        behind = jnp.broadcast_to(background, dy.shape)
        for place, g in reversed(list(enumerate(order))):
            alpha, full, size = alphas[place], fulls[place], sizes[g]
            dcolours = dcolours.at[g].set(((lights[place] * alpha)[:, None] * dy).sum(axis=0))
            dalpha = (dy @ colours[g] - (dy * behind).sum(axis=1)) * lights[place]
            behind = alpha[:, None] * colours[g] + (1 - alpha)[:, None] * behind
            dfull = dalpha * (full < 0.9)
            dopacity = dopacity.at[g].set((dfull * full).sum() * (1 - strong[g]))
            gap, dbell = pixels - centres[g], dfull * full
            dcentres = dcentres.at[g].set((dbell[:, None] * gap / size**2).sum(axis=0))
            dlog_sizes = dlog_sizes.at[g].set((dbell[:, None] * gap**2 / size**2).sum(axis=0))
        return dcentres, dlog_sizes, dopacity, dcolours, dbackground

    drawn = jax.custom_vjp(draw)
    drawn.defvjp(forward, backward)
    centres, opacity = rng.uniform(0, 2, size=(4, 2)), np.array([4.5, 0.5, 3.5, -0.3])
    centres[0], centres[2] = (0.3, 0.9), (1.8, 1.1)
    sizes = 0.3 + 0.3 * rng.normal(size=(4, 2))
    return jax_call(drawn, draw, centres, sizes, opacity, rng.normal(size=(4, 3)), rng.normal(size=3))


@broken(
    Mistake(
        "vicreg-wide-features-pushed",
        "only features whose spread is below one are pushed apart, and here all are",
        "dspread = -strict[0] * (spread < 1) / width",
        "dspread = -strict[0] / width * jnp.ones_like(spread)",
        same("first second w", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "vicreg-features-with-themselves",
        "the covariance counts between different features, and backward has its diagonal in it",
        "dcov = 2 * strict[1] * cov * (1 - jnp.eye(width)) / width",
        "dcov = 2 * strict[1] * cov / width",
        same("first second w", "mask-forgotten wrong-mask"),
    ),
    Mistake(
        "vicreg-one-side-of-covariance",
        "the covariance is a product of the numbers with themselves, and its gradient counts once",
        "dc = 2 * c @ dcov / (n - 1)",
        "dc = c @ dcov / (n - 1)",
        same("first second w", "term-factor term-missing missing"),
    ),
    Mistake(
        "vicreg-mean-over-features",
        "the mean over the pictures is taken off, and comes back as that over the features",
        "return dc - dc.mean(axis=0)",
        "return dc - dc.mean(axis=1, keepdims=True)",
        same("first second w", "wrong-axis"),
    ),
    Mistake(
        "vicreg-views-apart",
        "both views are to be the same, and the second is pulled the wrong way",
        "dsecond_z = spread_out(second @ w) - dgap",
        "dsecond_z = spread_out(second @ w) + dgap",
        same("second w", "term-factor"),
    ),
)
def two_views(rng):
    n, width, strict = 5, 3, (0.8, 0.6)

    def cost(first, second, w):
        total = 0.0
        views = []
        for view in (first, second):
            z = view @ w
            views.append(z)
            # around the mean of the batch
            mean = z.mean(axis=0)
            c = z - mean
            squares = c * c
            variance = squares.sum(axis=0)
            variance = variance / (n - 1)
            variance = variance + 1e-4
            spread = jnp.sqrt(variance)
            # no feature may be narrow
            short = 1 - spread
            short = jnp.maximum(short, 0)
            narrow = short.mean()
            narrow = strict[0] * narrow
            # and no two of them alike
            cov = c.T @ c
            cov = cov / (n - 1)
            apart = jnp.eye(width)
            apart = 1 - apart
            cov = cov * apart
            alike = cov * cov
            alike = alike.sum()
            alike = alike / width
            alike = strict[1] * alike
            total = total + narrow
            total = total + alike
        gap = views[0] - views[1]
        gap = gap * gap
        gap = gap.sum(axis=1)
        far = gap.mean()
        return total + far

    def forward(first, second, w):
        return cost(first, second, w), (first, second, w)

    def spread_out_of(c):
        spread, cov = jnp.sqrt((c**2).sum(axis=0) / (n - 1) + 1e-4), c.T @ c / (n - 1)
        dspread = -strict[0] * (spread < 1) / width
        dcov = 2 * strict[1] * cov * (1 - jnp.eye(width)) / width
        dc = 2 * c @ dcov / (n - 1)
        dc = dc + c * dspread / spread / (n - 1)
        return dc - dc.mean(axis=0)

    def spread_out(z):
        return spread_out_of(z - z.mean(axis=0))

    def backward(kept, dy):
        first, second, w = kept
        dgap = 2 * (first @ w - second @ w) / n
        dfirst_z = spread_out(first @ w) + dgap
        dsecond_z = spread_out(second @ w) - dgap
        dw = first.T @ dfirst_z + second.T @ dsecond_z
        return dy * dfirst_z @ w.T, dy * dsecond_z @ w.T, dy * dw

    costly = jax.custom_vjp(cost)
    costly.defvjp(forward, backward)
    w = rng.normal(size=(4, width)) * np.array([1.6, 0.5, 0.6])
    return jax_call(costly, cost, 1.5 * rng.normal(size=(n, 4)), rng.normal(size=(n, 4)), w)
