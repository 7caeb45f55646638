"""torch: logarithms of densities, of a normal with a factor of its covariance and of one with heavy tails."""

import math

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "factor-solve-untransposed",
        "what was solved with a triangle below goes back through its transpose, and was solved with the same",
        "dgap = torch.linalg.solve_triangular(factor.T, z * dy, upper=True)",
        "dgap = torch.linalg.solve_triangular(factor, z * dy, upper=False)",
        same("x centre raw", "jacobian-not-transposed"),
    ),
    Mistake(
        "factor-log-volume-forgotten",
        "the logarithms of the diagonal are added to the cost, and their slopes to nothing",
        "dfactor = torch.diag(dy.sum() / factor.diagonal()) - dgap @ z.T",
        "dfactor = -dgap @ z.T",
        {"raw": "term-missing missing"},
    ),
    Mistake(
        "factor-outer-product-turned",
        "the gradient of a matrix that was solved with is an outer product, and its two sides are exchanged",
        "dfactor = torch.diag(dy.sum() / factor.diagonal()) - dgap @ z.T",
        "dfactor = torch.diag(dy.sum() / factor.diagonal()) - z @ dgap.T",
        {"raw": "transposed"},
    ),
    Mistake(
        "factor-upper-triangle",
        "nothing above the diagonal is used, and it gets a gradient",
        "below = dfactor.tril(-1)",
        "below = dfactor - torch.diag(dfactor.diagonal())",
        {"raw": "mask-forgotten"},
    ),
    Mistake(
        "factor-diagonal-without-softplus",
        "the diagonal is made positive by a softplus, whose slope is left out",
        "diagonal = dfactor.diagonal() * torch.sigmoid(raw.diagonal())",
        "diagonal = dfactor.diagonal()",
        {"raw": "derivative-forgotten"},
    ),
)
def normal_with_factor(rng):
    class Normal(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, centre, raw):
            factor = raw.tril(-1) + torch.diag(torch.nn.functional.softplus(raw.diagonal()))
            z = torch.linalg.solve_triangular(factor, (x - centre).T, upper=False)
            ctx.save_for_backward(raw, factor, z)
            return (z * z).sum(dim=0) / 2 + factor.diagonal().log().sum()

        @staticmethod
        def backward(ctx, dy):
            raw, factor, z = ctx.saved_tensors
            dgap = torch.linalg.solve_triangular(factor.T, z * dy, upper=True)
            dfactor = torch.diag(dy.sum() / factor.diagonal()) - dgap @ z.T
            below = dfactor.tril(-1)
            diagonal = dfactor.diagonal() * torch.sigmoid(raw.diagonal())
            return dgap.T, -dgap.sum(dim=1), below + torch.diag(diagonal)

    return torch_call(Normal, Normal.forward, rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=(4, 4)))


@broken(
    Mistake(
        "student-digamma-not-halved",
        "the logarithm of the gamma function is taken of half of the freedom, and its slope has that half",
        "dfree = (torch.digamma((free + 1) / 2) - torch.digamma(free / 2) - 1 / free) / 2",
        "dfree = torch.digamma((free + 1) / 2) - torch.digamma(free / 2) - 1 / free / 2",
        {"log_free": "term-factor"},
    ),
    Mistake(
        "student-freedom-for-its-logarithm",
        "the parameter is the logarithm of the freedom, and gets the gradient of the freedom",
        "(dy * dfree * free).sum(dim=0, keepdim=True)",
        "(dy * dfree).sum(dim=0, keepdim=True)",
        {"log_free": "factor-per-column derivative-forgotten"},
    ),
    Mistake(
        "student-width-of-the-density",
        "the density is divided by the width, and its logarithm has a -1 that is left out",
        "dlog_width = -dz * z - 1",
        "dlog_width = -dz * z",
        {"log_width": "term-missing missing"},
    ),
    Mistake(
        "student-as-a-normal",
        "far from the centre the pull gets weaker, and here it grows as that of a normal",
        "dz = -(free + 1) * z / (free + z * z)",
        "dz = -z",
        same("x centre log_width", "wrong-formula"),
    ),
)
def student_density(rng):
    class Student(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, centre, log_width, log_free):
            free = log_free.exp()
            z = (x - centre) / log_width.exp()
            ctx.save_for_backward(z, log_width, free)
            constant = torch.lgamma((free + 1) / 2) - torch.lgamma(free / 2) - (free * math.pi).log() / 2
            return constant - log_width - (free + 1) / 2 * torch.log1p(z * z / free)

        @staticmethod
        def backward(ctx, dy):
            z, log_width, free = ctx.saved_tensors
            dz = -(free + 1) * z / (free + z * z)
            dx = dy * dz / log_width.exp()
            dlog_width = -dz * z - 1
            dfree = (torch.digamma((free + 1) / 2) - torch.digamma(free / 2) - 1 / free) / 2
            dfree = dfree - torch.log1p(z * z / free) / 2 + (free + 1) / 2 * z * z / (free * (free + z * z))
            dlog_free = (dy * dfree * free).sum(dim=0, keepdim=True)
            return dx, -dx.sum(dim=0), (dy * dlog_width).sum(dim=0), dlog_free

    x, centre, log_width = 2 * rng.normal(size=(7, 3)), rng.normal(size=3), rng.normal(size=3) / 2
    return torch_call(Student, Student.forward, x, centre, log_width, rng.uniform(0.5, 2, size=(1, 3)))
