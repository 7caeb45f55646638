"""JAX packages: functions with a custom_vjp, a custom_jvp or an implicit derivative."""

from __future__ import annotations

from functools import partial

import numpy as np
from package_case import Built, Case, Known


def normal(*shape: int, seed: int = 7):
    import jax.numpy as jnp

    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def positive_definite(n: int):
    import jax.numpy as jnp

    a = normal(n, n)
    return a @ a.T + n * jnp.eye(n)


def optax_of(name: str) -> Built:
    import jax.numpy as jnp
    import optax
    from optax.losses import _classification as losses

    if name == "weighted_logsoftmax":
        return losses.weighted_logsoftmax, [normal(4, 5), jnp.abs(normal(4, 5, seed=1))]
    if name == "scale_gradient":
        return (lambda x: optax.scale_gradient(x, 0.3)), [normal(4, 5)]
    return getattr(optax.projections, name), [normal(7)]


def jaxopt_of(name: str) -> Built:
    import jax.numpy as jnp
    import jaxopt
    from jaxopt import projection

    if name == "projection_sparse_simplex":
        return (lambda x: projection.projection_sparse_simplex(x, 3)), [normal(7)]
    x, t = normal(9, 3), normal(9, seed=1)

    def ridge(theta):
        cost = lambda w, theta: jnp.mean((x @ w - t) ** 2) + theta * jnp.sum(w**2)  # noqa: E731
        solver = jaxopt.GradientDescent(cost, maxiter=5000, tol=1e-12, implicit_diff=True)
        return solver.run(jnp.zeros(3), theta).params

    return ridge, [jnp.asarray(0.7)]


def lineax_of(name: str) -> Built:
    import lineax
    from lineax import internal

    if name == "linear_solve":
        return (lambda A, b: lineax.linear_solve(lineax.MatrixLinearOperator(A), b).value), [
            positive_definite(4),
            normal(4, seed=1),
        ]
    if name == "linear_solve, QR":
        return (lambda A, b: lineax.linear_solve(lineax.MatrixLinearOperator(A), b, solver=lineax.QR()).value), [
            normal(6, 4),
            normal(6, seed=1),
        ]
    return getattr(internal, name), [normal(7)]


def optimistix_of(name: str) -> Built:
    import jax.numpy as jnp
    import optimistix

    if name == "root_find":
        solver = optimistix.Newton(rtol=1e-12, atol=1e-12)
        cubic = lambda y, a: y**3 + y - a  # noqa: E731
        return (lambda a: optimistix.root_find(cubic, solver, jnp.zeros(5), args=a).value), [normal(5)]
    if name == "fixed_point":
        solver = optimistix.FixedPointIteration(rtol=1e-12, atol=1e-12)
        step = lambda y, A: jnp.tanh(A @ y + 0.1)  # noqa: E731
        return (lambda A: optimistix.fixed_point(step, solver, jnp.zeros(4), args=A).value), [0.2 * normal(4, 4)]
    solver = optimistix.LevenbergMarquardt(rtol=1e-12, atol=1e-12)
    x, t = normal(9, 3), normal(9, seed=1)
    residual = lambda w, scale: jnp.concatenate([jnp.tanh(x @ w) - t, scale * w])  # noqa: E731
    return (lambda scale: optimistix.least_squares(residual, solver, jnp.zeros(3), args=scale).value), [
        jnp.asarray(0.7)
    ]


def diffrax_of(name: str) -> Built:
    import diffrax
    import jax.numpy as jnp

    adjoint = {
        "BacksolveAdjoint": diffrax.BacksolveAdjoint,
        "RecursiveCheckpointAdjoint": diffrax.RecursiveCheckpointAdjoint,
        "ImplicitAdjoint": diffrax.ImplicitAdjoint,
    }[name]()

    def solved(y, A):
        field = diffrax.ODETerm(lambda t, y, A: jnp.tanh(A @ y))
        control = diffrax.PIDController(rtol=1e-8, atol=1e-8)
        if name == "ImplicitAdjoint":
            field = diffrax.ODETerm(lambda t, y, A: jnp.tanh(A @ y) - 2 * y + 1)
            return diffrax.diffeqsolve(
                field, diffrax.Tsit5(), 0, jnp.inf, 0.1, y, args=A, adjoint=adjoint, stepsize_controller=control,
                max_steps=None, event=diffrax.Event(diffrax.steady_state_event(1e-10, 1e-10)),
            ).ys  # fmt: skip
        return diffrax.diffeqsolve(
            field, diffrax.Tsit5(), 0, 1, 0.1, y, args=A, adjoint=adjoint, stepsize_controller=control
        ).ys

    return solved, [normal(3), 0.5 * normal(3, 3, seed=1)]


def checkpointed() -> Built:
    import equinox.internal as internal

    def iterated(x, a):
        step = lambda carry: (carry[0] + 1, a * carry[1] * (1 - carry[1]))  # noqa: E731
        return internal.while_loop(lambda c: c[0] < 6, step, (0, x), kind="checkpointed", max_steps=8, checkpoints=3)[1]

    return iterated, [abs(normal(4)) / 4, 1.5 + abs(normal(4, seed=1)) / 4]


def case(package: str, function: str, build, known: Known = Known.right, note: str = "", **settings) -> Case:
    return Case(package, function, build, known, note, settings, jax=True)


CASES = (
    *(
        case("optax", name, partial(optax_of, name))
        for name in ("projection_simplex", "projection_l1_ball", "projection_l2_ball", "weighted_logsoftmax")
    ),
    case("optax", "scale_gradient", partial(optax_of, "scale_gradient"), Known.surrogate, surrogate={"x": 0.3}),
    *(case("jaxopt", name, partial(jaxopt_of, name)) for name in ("projection_sparse_simplex", "GradientDescent")),
    *(
        case("lineax", name, partial(lineax_of, name))
        for name in ("linear_solve", "linear_solve, QR", "two_norm", "max_norm", "rms_norm")
    ),
    *(case("optimistix", name, partial(optimistix_of, name)) for name in ("root_find", "fixed_point", "least_squares")),
    *(
        case("diffrax", name, partial(diffrax_of, name))
        for name in ("RecursiveCheckpointAdjoint", "BacksolveAdjoint", "ImplicitAdjoint")
    ),
    case("equinox", "while_loop, checkpointed", checkpointed),
)
