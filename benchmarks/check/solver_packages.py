"""Solvers in torch: of equations, of linear systems, of Gaussian processes, by adjoints and implicit derivatives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from package_case import Built, Case, Known, normal, positive_definite, several


def ode(method: str) -> Built:
    import torch
    from torchdiffeq import odeint_adjoint

    torch.manual_seed(0)

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)).double()

        def forward(self, t, y):
            return self.net(y)

    class Solved(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.field = Field()

        def forward(self, y):
            t = torch.linspace(0, 1, 3, dtype=torch.float64)
            return odeint_adjoint(self.field, y, t, method=method)

    return Solved(), [normal(2, 3)]


def sde() -> Built:
    import torch
    import torchsde

    torch.manual_seed(0)

    class Process(torch.nn.Module):
        noise_type, sde_type = "diagonal", "stratonovich"

        def __init__(self):
            super().__init__()
            self.drift = torch.nn.Linear(3, 3).double()

        def f(self, t, y):
            return torch.tanh(self.drift(y))

        def g(self, t, y):
            return 0.3 * torch.sigmoid(y)

    class Solved(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.process = Process()

        def forward(self, y):
            noise = torchsde.BrownianInterval(0.0, 0.5, size=(2, 3), dtype=torch.float64, entropy=1)
            t = torch.tensor([0.0, 0.5], dtype=torch.float64)
            return torchsde.sdeint_adjoint(self.process, y, t, bm=noise, dt=1e-2, method="midpoint")

    return Solved(), [normal(2, 3)]


def linear(name: str) -> Built:
    import linear_operator

    function = getattr(linear_operator, name)
    a, b = positive_definite(5), normal(5, 2, seed=1)
    if name == "solve" or name == "inv_quad":
        return (lambda A, b: function(A, b)), [a, b]
    if name == "inv_quad_logdet":
        return (lambda A, b: function(A, b, logdet=True)), [a, b]
    if name == "sqrt_inv_matmul":
        return (lambda A, b: function(A, b)), [a, b]
    if name == "root_decomposition":
        return (lambda A: (lambda R: R @ R.mT)(function(A, method="symeig").root.to_dense())), [a]
    if name == "diagonalization":
        return (lambda A: function(A, method="symeig")[0]), [a]
    return (lambda A: function(A, 5)), [a]


def gaussian_process(name: str) -> Built:
    import gpytorch
    import torch
    from gpytorch import functions

    x1, x2, scale = normal(4, 2), normal(3, 2, seed=1), torch.tensor([[0.7]], dtype=torch.float64)
    if name.startswith("Matern"):
        nu = float(name.removeprefix("Matern"))
        return (lambda lengthscale: functions.MaternCovariance.apply(x1, x2, lengthscale, nu, torch.cdist)), [scale]
    if name == "RBF":
        square = lambda a, b: torch.cdist(a, b) ** 2  # noqa: E731
        return (lambda lengthscale: functions.RBFCovariance.apply(x1, x2, lengthscale, square)), [scale]
    return gpytorch.log_normal_cdf, [normal(7) * 2]


def normal_cdf(values: tuple[float, ...]) -> Built:
    import gpytorch
    import torch

    return gpytorch.log_normal_cdf, [torch.tensor(values, dtype=torch.float64)]


def variational(name: str) -> Built:
    import torch
    from gpytorch.variational import large_batch_variational_strategy as batch
    from gpytorch.variational import natural_variational_distribution as natural
    from gpytorch.variational import tril_natural_variational_distribution as triangular
    from gpytorch.variational import variational_strategy as strategy

    a = positive_definite(4) / 4
    if name == "QuadFormDiagonal":
        return batch.QuadFormDiagonal, [a, normal(4, 6, seed=1)]
    if name == "ComputePredictiveUpdates":
        chol = torch.linalg.cholesky(a)
        return strategy.ComputePredictiveUpdates, [chol, normal(4, 6, seed=1), positive_definite(4, 2), normal(4)]
    if name == "_NaturalToMuVarSqrt":
        return natural._NaturalToMuVarSqrt, [normal(4), -a / 2]
    return triangular._TrilNaturalToMuVarSqrt, [normal(4), torch.linalg.cholesky(a)]


def quadratic_program() -> Built:
    import torch
    from qpth.qp import QPFunction

    solve = QPFunction(verbose=-1, eps=1e-14, maxIter=40)
    empty = torch.empty(0, dtype=torch.float64)
    q, g = positive_definite(3), normal(4, 3, seed=1)
    return (lambda Q, p, G, h: solve(Q, p, G, h, empty, empty)), [q, normal(3, seed=2), g, normal(4, seed=3).abs() / 20]


def xitorch_of(name: str) -> Built:
    import torch
    import xitorch
    from xitorch import integrate, linalg, optimize

    a, b = positive_definite(4), normal(4, 2, seed=1)
    if name == "rootfinder":
        cubic = lambda y, a: y**3 + y - a  # noqa: E731
        return (lambda a: optimize.rootfinder(cubic, torch.zeros_like(a), params=(a,), f_tol=1e-13)), [normal(5)]
    if name == "equilibrium":
        fixed = lambda y, A: torch.tanh(A @ y + 0.1)  # noqa: E731
        return (lambda A: optimize.equilibrium(fixed, torch.zeros(4, 1).double(), params=(A,))), [0.3 * normal(4, 4)]
    if name == "quad":
        f = lambda x, a, b: torch.exp(-a * x) * b  # noqa: E731
        return (lambda a, b: integrate.quad(f, 0.0, 1.0, params=(a, b))), [normal(3), normal(3, seed=1)]
    if name == "solve_ivp":
        f = lambda t, y, a: -a * y  # noqa: E731
        t = torch.linspace(0, 1, 4).double()
        return (lambda y, a: integrate.solve_ivp(f, t, y, params=(a,))), [normal(3), normal(3, seed=1)]
    operator = lambda A: xitorch.LinearOperator.m((A + A.mT) / 2, is_hermitian=True)  # noqa: E731
    if name == "symeig":
        return (lambda A: linalg.symeig(operator(A))[0]), [a]
    return (lambda A, B: linalg.solve(operator(A), B)), [a, b]


def sinkhorn() -> Built:
    import geomloss

    loss = geomloss.SamplesLoss("sinkhorn", p=2, blur=1.0, scaling=0.9, backend="tensorized")
    return (lambda x, y: loss(x, y)), [normal(5, 2), normal(4, 2, seed=1)]


def energy() -> Built:
    import geomloss

    loss = geomloss.SamplesLoss("gaussian", blur=0.7, backend="tensorized")
    return (lambda x, y: loss(x, y)), [normal(5, 2), normal(4, 2, seed=1)]


def of_expectations(k: int) -> Callable[..., Any]:
    """Return the rule of a natural gradient: that of mean and Cholesky factor by eta_1 = mu, eta_2 = mu muᵀ + S."""

    def rule(dy, mean, covariance):
        import torch

        cov = torch.linalg.inv(torch.tensor(-2 * covariance))
        mu = cov @ torch.tensor(mean)
        etas = [each.requires_grad_() for each in (mu, cov + torch.outer(mu, mu))]
        second = (etas[1] + etas[1].mT) / 2
        factor = torch.linalg.cholesky(second - torch.outer(etas[0], etas[0]))
        y = torch.cat([etas[0], factor.ravel()])
        return torch.autograd.grad(y, etas, torch.tensor(dy))[k].numpy()

    return rule


ADJOINT = "another equation is solved backwards: as good as its steps"
TRIANGLE = "forward reads one triangle, or both, backward gives the gradient for symmetric matrices"
CDF = "backward is that of the true function, forward a rational approximation whose slope is off by up to 0.3 %"
NATURAL = "the natural gradient: by the expectations, mean and second moment, as its docstring says"
QUADRATIC = "Q is taken as symmetric"
QUAD = "gives gradients for limits that are numbers, so that backward raises"
SINKHORN = "the gradient is that at convergence (envelope theorem), forward stops before"
OF_SYMMETRIC = (
    "solve", "inv_quad", "inv_quad_logdet", "sqrt_inv_matmul", "root_decomposition", "diagonalization",
    "pivoted_cholesky",
)  # fmt: skip
CASES = (
    Case("torchdiffeq", "odeint_adjoint, dopri5", partial(ode, "dopri5"), Known.approximation, ADJOINT),
    Case("torchdiffeq", "odeint_adjoint, rk4", partial(ode, "rk4"), Known.approximation, ADJOINT),
    Case("torchsde", "sdeint_adjoint, midpoint", sde, Known.approximation, ADJOINT),
    *(
        Case("linear-operator", name, partial(linear, name), Known.symmetric, TRIANGLE, {"tangent": {"A": "symmetric"}})
        for name in OF_SYMMETRIC
    ),
    *several("gpytorch", ("Matern0.5", "Matern1.5", "Matern2.5", "RBF"), gaussian_process),
    Case("gpytorch", "log_normal_cdf, near 0", partial(normal_cdf, (-0.15, -0.05, 0.02, 0.1, 0.19))),
    Case("gpytorch", "log_normal_cdf, ordinary", partial(normal_cdf, (-0.9, -0.5, 0.5, 1.5, 2.5))),
    Case(
        "gpytorch",
        "log_normal_cdf, below -1",
        partial(normal_cdf, (-1.02, -1.05, -1.1, -1.2)),
        Known.approximation,
        CDF,
        {"tolerance": 1e-2},
    ),
    *several("gpytorch", ("QuadFormDiagonal", "ComputePredictiveUpdates"), variational),
    Case(
        "gpytorch",
        "_NaturalToMuVarSqrt",
        partial(variational, "_NaturalToMuVarSqrt"),
        Known.surrogate,
        NATURAL,
        {"surrogate": {"nat_mean": of_expectations(0), "nat_covar": of_expectations(1)}},
    ),
    Case("qpth", "QPFunction", quadratic_program, Known.symmetric, QUADRATIC, {"tangent": {"Q": "symmetric"}}),
    *several("xitorch", ("rootfinder", "symeig", "solve"), xitorch_of),
    *several("xitorch", ("equilibrium", "solve_ivp"), xitorch_of, Known.approximation, "iterated to a tolerance"),
    Case("xitorch", "quad", partial(xitorch_of, "quad"), Known.mistake, QUAD),
    Case("geomloss", "SamplesLoss, sinkhorn", sinkhorn, Known.approximation, SINKHORN, {"tolerance": 0.2}),
    Case("geomloss", "SamplesLoss, gaussian", energy),
)
