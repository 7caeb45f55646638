"""NumPy: a long function of physics, springs between masses."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same


@broken(
    Mistake(
        "springs-no-reaction",
        "a spring pulls both its ends; on the way back the second end is forgotten",
        "np.add.at(dx, second, dd)",
        "pass",
        same("x v stiffness rest", "term-missing"),
    ),
    Mistake(
        "springs-direction-constant",
        "the length's change is followed, the direction's is not",
        "ddirection = dforce * size[:, None]",
        "ddirection = np.zeros_like(dforce)",
        same("x v stiffness rest", "term-missing"),
    ),
    Mistake(
        "springs-stiffness-of-the-last-step",
        "the stiffness gets the gradient of the first step alone: = in a loop that runs backwards",
        "dstiffness += (dsize * (length - rest)).reshape(-1)",
        "dstiffness = (dsize * (length - rest)).reshape(-1)",
        {"stiffness": "overwritten term-missing"},
    ),
)
def mass_spring_steps(rng):
    first, second = np.array([0, 1, 2, 3, 0]), np.array([1, 2, 3, 4, 2])
    n_steps, dt, damping = 3, 0.2, 0.3
    target = rng.normal(size=(5, 2))

    def cost(x, v, stiffness, rest):
        kinetic = 0.0
        for _ in range(n_steps):
            # forces of the springs
            d = x[second] - x[first]
            squared = d**2
            squared = squared.sum(axis=1)
            length = np.sqrt(squared)
            direction = d / length[:, None]
            stretch = length - rest
            size = stiffness * stretch
            pull = size[:, None] * direction
            force = np.zeros_like(x)
            for k in range(len(first)):
                i = first[k]
                j = second[k]
                force[i] = force[i] + pull[k]
                force[j] = force[j] - pull[k]
            # gravity and the air
            gravity = np.array([0.0, -1.0])
            force = force + gravity
            drag = damping * v
            force = force - drag
            # a step, velocities first
            change = dt * force
            v = v + change
            move = dt * v
            x = x + move
            energy = 0.5 * v**2
            energy = energy.sum()
            kinetic = kinetic + energy
        # where they are at the end
        miss = x - target
        miss = miss**2
        distance = miss.sum()
        distance = 0.5 * distance
        return distance + 0.1 * kinetic

    def states(x, v, stiffness, rest):
        kept = []
        for _ in range(n_steps):
            d = x[second] - x[first]
            length = np.linalg.norm(d, axis=1)
            pull = (stiffness * (length - rest) / length)[:, None] * d
            force = np.array([0.0, -1.0]) - damping * v
            np.add.at(force, first, pull)
            np.add.at(force, second, -pull)
            v = v + dt * force
            x = x + dt * v
            kept.append((d, length, v))
        return kept, x

    def cost_gradient(x, v, stiffness, rest):
        kept, x = states(x, v, stiffness, rest)
        dstiffness, drest = np.zeros_like(stiffness), np.zeros_like(rest)
        dx, dv = x - target, np.zeros_like(v)
        for d, length, v in reversed(kept):
            dv = dv + 0.1 * v + dt * dx
            dpull = dt * (dv[first] - dv[second])
            direction, size = d / length[:, None], stiffness * (length - rest)
            dsize = (dpull * direction).sum(axis=1)
            dforce = dpull
            ddirection = dforce * size[:, None]
            dstiffness += (dsize * (length - rest)).reshape(-1)
            drest -= dsize * stiffness
            dlength = dsize * stiffness
            along = (ddirection * direction).sum(axis=1, keepdims=True)
            dd = dlength[:, None] * direction + (ddirection - along * direction) / length[:, None]
            dx = dx.copy()
            np.add.at(dx, first, -dd)
            np.add.at(dx, second, dd)
            dv = dv * (1 - dt * damping)
        return dx, dv, dstiffness, drest

    x, v = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    return gradient_call(cost, cost_gradient, x, v, rng.uniform(1, 3, 5), rng.uniform(0.5, 1, 5))
