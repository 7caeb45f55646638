"""JAX: bodies that pull at each other, by kicks and drifts, in a long function, and heat in a rod."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "bodies-no-reaction",
        "the gap between two bodies moves with both of them, and one gets nothing",
        "return dgaps.sum(axis=0) - dgaps.sum(axis=1), dmass",
        "return -dgaps.sum(axis=1), dmass",
        same("x v mass drag", "term-missing missing"),
    ),
    Mistake(
        "bodies-power-of-the-distance",
        "the pull falls with the power 3/2 of a square, whose slope is 3 times the gap, and a 3/2 stands there",
        "along = 3 * (da[:, None] * gaps).sum(axis=-1) / squares",
        "along = 1.5 * (da[:, None] * gaps).sum(axis=-1) / squares",
        same("x v mass drag", "term-factor"),
    ),
    Mistake(
        "bodies-speed-carry",
        "the speed goes on to the next step beside the place, and its gradient is made anew in each",
        "dv = dhalf * (1 - dt / 2 * drag)",
        "dv = -dhalf * dt / 2 * drag",
        same("x v mass drag", "carry-lost term-missing missing"),
    ),
    Mistake(
        "bodies-first-kick-at-the-new-place",
        "the first kick of a step is by the pull at the old place, and backward takes the new one",
        "dpulled, dweight = pull_vjp(dt / 2 * dhalf, before, mass)",
        "dpulled, dweight = pull_vjp(dt / 2 * dhalf, after, mass)",
        same("x v mass drag", "wrong-argument"),
    ),
    Mistake(
        "bodies-drag-of-one-kick",
        "the drag slows each body in both kicks of a step, and the second one is forgotten",
        "ddrag = ddrag - dt / 2 * ((dv * half).sum() + (dhalf * speed).sum())",
        "ddrag = ddrag - dt / 2 * (dhalf * speed).sum()",
        {"drag": "term-missing missing"},
    ),
)
def pulling_bodies(rng):
    dt, soft, n_steps = 0.3, 0.2, 4

    def walk(x, v, mass, drag):
        places, states = [], []
        for _ in range(n_steps):
            before = x
            speed = v
            # the first half of a kick
            gaps = x[None] - x[:, None]
            squares = gaps * gaps
            squares = squares.sum(axis=-1)
            squares = squares + soft
            falling = squares**1.5
            pulls = mass / falling
            pulls = pulls[:, :, None] * gaps
            pull = pulls.sum(axis=1)
            slowed = drag * v
            kick = pull - slowed
            half = v + dt / 2 * kick
            # the drift
            x = x + dt * half
            # the second half, where the bodies are now
            gaps = x[None] - x[:, None]
            squares = gaps * gaps
            squares = squares.sum(axis=-1)
            squares = squares + soft
            falling = squares**1.5
            pulls = mass / falling
            pulls = pulls[:, :, None] * gaps
            pull = pulls.sum(axis=1)
            slowed = drag * half
            kick = pull - slowed
            v = half + dt / 2 * kick
            states.append((before, speed, half, x))
            places.append(x)
        seen = jnp.stack(places)
        return (seen, v), states

    @jax.custom_vjp
    def bodies(x, v, mass, drag):
        return walk(x, v, mass, drag)[0]

    def bodies_fwd(x, v, mass, drag):
        out, states = walk(x, v, mass, drag)
        return out, (states, mass, drag)

    def pull_vjp(da, x, mass):
        gaps = x[None] - x[:, None]
        squares = (gaps**2).sum(axis=-1) + soft
        dmass = ((da[:, None] * gaps).sum(axis=-1) / squares**1.5).sum(axis=0)
        along = 3 * (da[:, None] * gaps).sum(axis=-1) / squares
        dgaps = (mass / squares**1.5)[:, :, None] * (da[:, None] - along[:, :, None] * gaps)
        return dgaps.sum(axis=0) - dgaps.sum(axis=1), dmass

    def bodies_bwd(kept, dy):
        states, mass, drag = kept
        dplaces, dv = dy
        dx, dmass, ddrag = jnp.zeros_like(dv), jnp.zeros_like(mass), jnp.zeros_like(drag)
        for t in reversed(range(n_steps)):
            before, speed, half, after = states[t]
            dx = dx + dplaces[t]
            dpulled, dweight = pull_vjp(dt / 2 * dv, after, mass)
            dx, dmass = dx + dpulled, dmass + dweight
            dhalf = dv * (1 - dt / 2 * drag) + dt * dx
            ddrag = ddrag - dt / 2 * ((dv * half).sum() + (dhalf * speed).sum())
            dpulled, dweight = pull_vjp(dt / 2 * dhalf, before, mass)
            dx, dmass = dx + dpulled, dmass + dweight
            dv = dhalf * (1 - dt / 2 * drag)
        return dx, dv, dmass, ddrag

    bodies.defvjp(bodies_fwd, bodies_bwd)
    return jax_call(bodies, walk, rng.normal(size=(4, 2)), rng.normal(size=(4, 2)), rng.uniform(0.5, 2, 4), 0.7)


@broken(
    Mistake(
        "rod-ends-cut-off",
        "the ends of the rod are repeated outside, and what comes to the copies is cut off",
        "du = dwide[1:-1].at[0].add(dwide[0]).at[-1].add(dwide[-1])",
        "du = dwide[1:-1]",
        same("u heated conducts cools", "border term-missing missing"),
    ),
    Mistake(
        "rod-conduction-of-one-side",
        "between two places heat is conducted by the mean of both, and only the left one gets its gradient",
        "dconducts = dconducts.at[1:].add(dinner / 2)",
        "dconducts = dconducts + 0",
        {"conducts": "term-missing missing"},
    ),
    Mistake(
        "rod-slopes-at-the-new-heat",
        "the slopes of a step are those at the heat before it, and backward takes the heat after it",
        "before = states[t]",
        "before = states[t + 1]",
        same("u heated conducts cools", "wrong-argument derivative-at-output"),
    ),
    Mistake(
        "rod-heated-in-one-step",
        "the rod is heated in each step, and the gradient of the first one is all that is left",
        "dheated = dheated + dt * dnew",
        "dheated = dt * dnew",
        {"heated": "overwritten one-example missing term-missing"},
    ),
)
def heated_rod(rng):
    dt, n_steps = 0.2, 5

    def steps(u, heated, conducts, cools):
        states = [u]
        for _ in range(n_steps):
            wide = jnp.concatenate([u[:1], u, u[-1:]])
            between = jnp.concatenate([conducts[:1], (conducts[1:] + conducts[:-1]) / 2, conducts[-1:]])
            flux = between * (wide[1:] - wide[:-1])
            lost = cools * u**3
            u = u + dt * (flux[1:] - flux[:-1] + heated - lost)
            states.append(u)
        return jnp.stack(states)

    @jax.custom_vjp
    def rod(u, heated, conducts, cools):
        return steps(u, heated, conducts, cools)[1:]

    def rod_fwd(u, heated, conducts, cools):
        states = steps(u, heated, conducts, cools)
        return states[1:], (states, conducts, cools)

    def rod_bwd(kept, dy):
        states, conducts, cools = kept
        between = jnp.concatenate([conducts[:1], (conducts[1:] + conducts[:-1]) / 2, conducts[-1:]])
        dnew, dheated, dconducts, dcools = jnp.zeros_like(dy[0]), 0.0, jnp.zeros_like(conducts), 0.0
        for t in reversed(range(n_steps)):
            before = states[t]
            dnew = dnew + dy[t]
            dheated = dheated + dt * dnew
            dcools = dcools - dt * dnew * before**3
            dflux = dt * jnp.concatenate([-dnew[:1], dnew[:-1] - dnew[1:], dnew[-1:]])
            dinner = dflux[1:-1] * (before[1:] - before[:-1])
            dconducts = dconducts.at[:-1].add(dinner / 2)
            dconducts = dconducts.at[1:].add(dinner / 2)
            dgaps = between * dflux
            dwide = jnp.concatenate([-dgaps[:1], dgaps[:-1] - dgaps[1:], dgaps[-1:]])
            du = dwide[1:-1].at[0].add(dwide[0]).at[-1].add(dwide[-1])
            dnew = dnew * (1 - 3 * dt * cools * before**2) + du
        return dnew, dheated, dconducts, dcools

    rod.defvjp(rod_fwd, rod_bwd)
    u, conducts, cools = rng.normal(size=7), rng.uniform(0.5, 1.5, size=7), rng.uniform(0.1, 0.5, size=7)
    return jax_call(rod, steps, u, rng.normal(size=7), conducts, cools)
