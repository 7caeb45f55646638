"""JAX: long functions, a small network as the slope of a differential equation and the soft distance of two series."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "ode-second-slope-of-the-first",
        "the second slope is taken where the first leads to, and gives nothing back to the first",
        "dk1 = dk1 + dt * dmid",
        "pass",
        same("y0 w1 b1 w2 b2", "term-missing missing"),
    ),
    Mistake(
        "ode-energy-forgotten",
        "the last column is the energy spent on the way, and its dy is not looked at",
        "dk1 = dk1 + 2 * dt * k1 * denergy",
        "pass",
        same("y0 w1 b1 w2 b2", "part-of-dy term-missing missing"),
    ),
    Mistake(
        "ode-states-after-the-step",
        "the slopes' slopes are taken at the states after each step, as when all are solved backwards",
        "y, k1 = kept[s][0], kept[s][1]",
        "y, k1 = kept[s + 1][0], kept[s][1]",
        same("y0 w1 b1 w2 b2", "wrong-argument"),
    ),
    Mistake(
        "ode-time-from-the-end",
        "on the way back time is counted from the end",
        "now = s * dt  # of this step",
        "now = (n_steps - 1 - s) * dt",
        same("y0 w1 b1 w2 b2", "wrong-argument"),
    ),
    Mistake(
        "ode-hidden-in-half-precision",
        "the hidden values of backward are in half precision",
        "dz = dk @ w2.T * (1 - hidden**2)",
        "dz = dk @ w2.T * (1 - hidden.astype(jnp.float16).astype(hidden.dtype) ** 2)",
        same("y0 w1 b1 w2 b2", "imprecise"),
    ),
)
def neural_ode(rng):
    n_steps, dt = 3, 0.3

    def slope(y, now, w1, b1, w2, b2):
        hidden = jnp.tanh(jnp.concatenate([y, jnp.full((len(y), 1), now)], axis=1) @ w1 + b1)
        return hidden, hidden @ w2 + b2

    @jax.custom_vjp
    def solve(y0, w1, b1, w2, b2):
        y = y0
        n = len(y0)
        energy = jnp.zeros((n, 1))
        for s in range(n_steps):
            now = s * dt
            then = now + dt
            # the slope here
            clock = jnp.full((len(y), 1), now)
            entered = jnp.concatenate([y, clock], axis=1)
            z = entered @ w1
            z = z + b1
            hidden = jnp.tanh(z)
            k1 = hidden @ w2
            k1 = k1 + b2
            ahead = dt * k1
            mid = y + ahead
            clock = jnp.full((len(y), 1), then)
            entered = jnp.concatenate([mid, clock], axis=1)
            z = entered @ w1
            z = z + b1
            hidden = jnp.tanh(z)
            k2 = hidden @ w2
            k2 = k2 + b2
            both = k1 + k2
            half = 0.5 * dt
            move = half * both
            square = k1**2
            spent = square.sum(axis=1, keepdims=True)
            spent = dt * spent
            energy = energy + spent
            y = y + move
        columns = [y, energy]
        return jnp.concatenate(columns, axis=1)

    def states(y, w1, b1, w2, b2):
        kept = []
        for s in range(n_steps):
            _, k1 = slope(y, s * dt, w1, b1, w2, b2)
            _, k2 = slope(y + dt * k1, (s + 1) * dt, w1, b1, w2, b2)
            kept.append((y, k1))
            y = y + 0.5 * dt * (k1 + k2)
        kept.append((y, None))
        return kept

    def slope_back(dk, y, now, w1, b1, w2, b2):
        hidden, _ = slope(y, now, w1, b1, w2, b2)
        entered = jnp.concatenate([y, jnp.full((len(y), 1), now)], axis=1)
        dz = dk @ w2.T * (1 - hidden**2)
        return (dz @ w1.T)[:, :-1], (entered.T @ dz, dz.sum(axis=0), hidden.T @ dk, dk.sum(axis=0))

    def forward(*args):
        return solve(*args), args

    def backward(args, dout):
        weights = args[1:]
        kept = states(*args)
        dy, denergy = dout[:, :-1], dout[:, -1:]
        dweights = [jnp.zeros_like(each) for each in weights]
        for s in reversed(range(n_steps)):
            y, k1 = kept[s][0], kept[s][1]
            now = s * dt  # of this step
            dk1 = dk2 = 0.5 * dt * dy
            dmid, parts = slope_back(dk2, y + dt * k1, now + dt, *weights)
            dweights = [a + b for a, b in zip(dweights, parts, strict=True)]
            dk1 = dk1 + dt * dmid
            dk1 = dk1 + 2 * dt * k1 * denergy
            dhere, parts = slope_back(dk1, y, now, *weights)
            dweights = [a + b for a, b in zip(dweights, parts, strict=True)]
            dy = dy + dmid + dhere
        return (dy, *dweights)

    solve.defvjp(forward, backward)
    shapes = (3, 2), (3, 4), (4,), (4, 2), (2,)
    return jax_call(solve, solve, *(rng.normal(size=shape) for shape in shapes))


@broken(
    Mistake(
        "softdtw-weights-without-heat",
        "the shares of the three ways to a cell are made without the temperature",
        "share = jnp.exp((lowest - ways) / heat)  # of each way",
        "share = jnp.exp(lowest - ways)",
        same("a b w", "wrong-argument"),
    ),
    Mistake(
        "softdtw-diagonal-alone",
        "a cell hands its gradient to the one before both, and not to those beside it",
        "steps = (0, 1), (1, 0), (1, 1)",
        "steps = ((1, 1),)",
        same("a b w", "carry-lost term-missing missing"),
    ),
    Mistake(
        "softdtw-same-sign",
        "the difference of the series is squared, and both get its gradient with the same sign",
        "dfar = -2 * (dcost[:, :, None] * apart).sum(axis=0)",
        "dfar = 2 * (dcost[:, :, None] * apart).sum(axis=0)",
        {"b": "sign", "w": "term-factor"},
    ),
    Mistake(
        "softdtw-spread-constant",
        "each series is divided by its spread, which is taken for a constant",
        "dz = dz - z * (z * dz).mean(axis=0)",
        "pass",
        same("a b", "statistics-constant term-missing"),
    ),
    Mistake(
        "softdtw-shares-not-divided",
        "the shares of the ways to a cell are made without their total, so that the best has 1",
        "share = jnp.exp((lowest - ways) / heat)  # of each way",
        "share = jnp.exp((ways.min() - ways) / heat)",
        same("a b w", ""),
    ),
)
def soft_warping(rng):
    heat, n, m = 2.0, 3, 4

    def even(z):
        centred = z - z.mean(axis=0)
        return centred / jnp.sqrt((centred**2).mean(axis=0))

    def even_back(dz, series):
        spread, z = series.std(axis=0), even(series)
        dz = dz - z * (z * dz).mean(axis=0)
        return (dz - dz.mean(axis=0)) / spread

    @jax.custom_vjp
    def distance(a, b, w):
        # both series with mean 0 and spread 1
        centred = a - a.mean(axis=0)
        square = centred**2
        spread = jnp.sqrt(square.mean(axis=0))
        a = centred / spread
        centred = b - b.mean(axis=0)
        square = centred**2
        spread = jnp.sqrt(square.mean(axis=0))
        b = centred / spread
        # how far each is from each
        near = a @ w
        far = b @ w
        near = near[:, None]
        far = far[None, :]
        apart = near - far
        square = apart**2
        cost = square.sum(axis=2)
        # the cheapest way from corner to corner, softly
        table = {}
        for i in range(n):
            for j in range(m):
                ways = []
                for di, dj in ((0, 1), (1, 0), (1, 1)):
                    before = (i - di, j - dj)
                    if before in table:
                        ways.append(table[before])
                here = cost[i, j]
                if ways:
                    ways = jnp.stack(ways)
                    ways = -ways / heat
                    total = jax.nn.logsumexp(ways)
                    soft = -heat * total
                    here = here + soft
                table[i, j] = here
        end = table[n - 1, m - 1]
        return end / (n + m)

    def forward(*args):
        return distance(*args), args

    def backward(args, dout):
        a, b, w = args
        near, far = even(a) @ w, even(b) @ w
        apart = near[:, None] - far
        cost = (apart**2).sum(axis=2)
        table = jnp.full((n + 1, m + 1), jnp.inf).at[0, 0].set(0.0)
        lows = {}
        for i in range(n):
            for j in range(m):
                ways = jnp.array([table[i + 1, j], table[i, j + 1], table[i, j]])
                lowest = -heat * jax.nn.logsumexp(-ways / heat)
                share = jnp.exp((lowest - ways) / heat)  # of each way
                lows[i, j] = dict(zip(((0, 1), (1, 0), (1, 1)), share, strict=True))
                table = table.at[i + 1, j + 1].set(cost[i, j] + lowest)
        dtable = jnp.zeros((n + 1, m + 1)).at[n, m].set(dout / (n + m))
        steps = (0, 1), (1, 0), (1, 1)
        for i in reversed(range(n)):
            for j in reversed(range(m)):
                for di, dj in steps:
                    dtable = dtable.at[i + 1 - di, j + 1 - dj].add(dtable[i + 1, j + 1] * lows[i, j][di, dj])
        dcost = dtable[1:, 1:]
        dnear = 2 * (dcost[:, :, None] * apart).sum(axis=1)
        dfar = -2 * (dcost[:, :, None] * apart).sum(axis=0)
        dw = even(a).T @ dnear + even(b).T @ dfar
        return even_back(dnear @ w.T, a), even_back(dfar @ w.T, b), dw

    distance.defvjp(forward, backward)
    return jax_call(distance, distance, rng.normal(size=(n, 2)), rng.normal(size=(m, 2)), rng.normal(size=(2, 3)))
