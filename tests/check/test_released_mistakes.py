"""Backward passes of released packages, told again in a few lines: what is wrong is found, what is meant is not."""

import numpy as np
import pytest

from inkgrad.check import CheckError, Verdict, check_function, check_torch, check_vjp


def rng(seed):
    return np.random.default_rng(100 + seed)


def test_a_padding_whose_mirrored_border_is_cut_off_is_found():
    # pytorch_wavelets 1.3.0, DWTForward with mode="symmetric": backward crops where it should fold back
    weights = rng(0).normal(size=4)

    def f(x):
        return np.convolve(np.pad(x, 2, "symmetric"), weights, "valid")

    def vjp(dy, x):
        return np.convolve(dy, weights[::-1])[2:-2]

    report = check_vjp(f, vjp, rng(1).normal(size=9), raises=False)
    (x,) = report.arrays
    assert x.verdict == Verdict.wrong
    assert set(np.flatnonzero(np.abs(x.comparison.analytical - x.comparison.numerical.value) > 1e-6)) <= {0, 1, 7, 8}


def test_an_epsilon_in_the_wrong_place_is_found_though_it_changes_a_third_of_a_thousandth():
    # torchopt 0.7.3, AdamOp.UpdatesOp: 1 / (c + eps_root) where 1 / c belongs; torch's gradcheck lets it pass
    c, eps_root = 1 - 0.999**3, 1e-6

    def f(mu, nu):
        return mu / np.sqrt(nu / c + eps_root)

    def vjp(dy, mu, nu):
        y = f(mu, nu)
        return dy * y / mu, -0.5 * dy * y**3 / mu**2 / (c + eps_root)

    report = check_vjp(f, vjp, rng(2).normal(size=5), rng(3).uniform(0.5, 2, 5), raises=False)
    assert {each.array: each.verdict for each in report.arrays} == {"mu": Verdict.right, "nu": Verdict.wrong}


def test_a_surrogate_that_forgets_its_steepness_is_not_what_was_declared():
    # norse 1.1.0, SuperSpike: 1 / (1 + |x|)² for 1 / (1 + alpha |x|)²
    x = rng(4).normal(size=20)
    declared = {"x": lambda dy, x: dy / (1 + 100 * np.abs(x)) ** 2}
    arguments = (lambda x: np.heaviside(x, 0.0), lambda dy, x: dy / (1 + np.abs(x)) ** 2, x)
    (finding,) = check_vjp(*arguments, surrogate=declared, raises=False).findings
    assert finding.kind == "surrogate"


def test_a_surrogate_with_rounded_constants_is_approximate():
    # norse 1.1.0, heavi_erfc: √π comes as a float32
    def slope(x, root):
        return 2 * np.exp(-(x**2)) / root

    arguments = (
        lambda x: np.heaviside(x, 0.0),
        lambda dy, x: dy * slope(x, float(np.float32(np.sqrt(np.pi)))),
        rng(5).normal(size=20),
    )
    declared = {"x": lambda dy, x: dy * slope(x, np.sqrt(np.pi))}
    report = check_vjp(*arguments, surrogate=declared)
    assert report.verdict == Verdict.approximate
    assert check_vjp(*arguments, surrogate=declared, exact=True, raises=False).verdict == Verdict.wrong


def test_the_gradient_at_convergence_of_an_iteration_that_stops_before_is_wrong_unless_allowed():
    # geomloss 0.3.1, Sinkhorn: the envelope theorem holds at the optimum only
    def f(a):
        y = 1.0
        for _ in range(6):  # Newton's steps for y = √a would be enough; these halve the error only
            y = (y + np.sqrt(a)) / 2
        return (y**2 - 2 * y * np.sqrt(a)).sum()

    def gradient(a):
        y = np.sqrt(a)
        return -y / np.sqrt(a)

    a = rng(6).uniform(2, 4, 5)
    assert check_function(f, gradient, a, raises=False).verdict == Verdict.wrong
    assert check_function(f, gradient, a, tolerance=0.1).verdict == Verdict.approximate


def test_what_gives_too_few_gradients_is_refused_in_one_line():
    # snntorch 1.0.0, LeakySpikeOperator: one gradient for x and the slope
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Leaky(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, slope):
            ctx.save_for_backward(x)
            return (x > 0).double()

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return dy * torch.where(x > 0, 1.0, 0.1)

    with pytest.raises(CheckError, match="incorrect number of gradients") as caught:
        check_torch(Leaky, [torch.randn(5, dtype=torch.float64), 0.1])
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_ones_own_is_differentiated_as_it_asks():
    # memcnn 1.5.2, InvertibleCheckpointFunction: it works under backward() alone
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Recomputed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            with torch.no_grad():
                return torch.tanh(x * w)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, dy):
            if not torch.autograd._is_checkpoint_valid():
                raise RuntimeError("not compatible with .grad(), please use .backward()")
            x, w = (each.detach().requires_grad_() for each in ctx.saved_tensors)
            with torch.enable_grad():
                torch.autograd.backward(torch.tanh(x * w), dy)
            return x.grad, w.grad

    arrays = [torch.randn(5, dtype=torch.float64) for _ in range(2)]
    assert check_torch(Recomputed, arrays).verdict == Verdict.right


def test_a_gradient_that_is_zero_is_told_beside_those_that_are_not():
    # a bias before a norm moves nothing; qpth 0.0.18 leaves 1e-8 at constraints that do not bind
    def f(x, b):
        z = x + b
        return z - z.mean(axis=0) + np.cos(1e3 * b) ** 2 + np.sin(1e3 * b) ** 2

    for left in (0.0, 1e-8):

        def vjp(dy, x, b, left=left):
            return dy - dy.mean(axis=0), np.full(b.shape, left)

        report = check_vjp(f, vjp, rng(7).normal(size=(5, 3)), rng(8).normal(size=3))
        assert [str(each.verdict) for each in report.arrays] == ["right", "approximate" if left else "right"]


def test_a_gradient_that_should_be_zero_and_is_not_is_wrong():
    x, b = rng(7).normal(size=(5, 3)), rng(8).normal(size=3)
    f = check_vjp(
        lambda x, b: x + b - (x + b).mean(axis=0),
        lambda dy, x, b: (dy - dy.mean(axis=0), 1e-3 * dy.sum(axis=0)),
        x,
        b,
        raises=False,
    )
    assert [str(each.verdict) for each in f.arrays] == ["right", "wrong"]


def test_an_adjoint_that_gets_its_module_beside_the_parameters_is_approximate():
    # torchdiffeq 0.2.5, odeint_adjoint: forward reads the parameters of the module, backward answers for the others
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Adjoint(torch.autograd.Function):
        @staticmethod
        def forward(ctx, field, y, *parameters):
            ctx.field = field
            ctx.save_for_backward(y, *parameters)
            with torch.no_grad():
                return field(y)

        @staticmethod
        def backward(ctx, dy):
            y = ctx.saved_tensors[0]
            y = y.detach().requires_grad_()
            with torch.enable_grad():
                found = torch.autograd.grad(ctx.field(y), (y, *ctx.field.parameters()), dy)
            return None, *(each * (1 + 1e-6) for each in found)

    class Solved(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.field = torch.nn.Linear(3, 3).double()

        def forward(self, y):
            return Adjoint.apply(self.field, y, *self.field.parameters())

    torch.manual_seed(0)
    report = check_torch(Solved(), [torch.randn(2, 3, dtype=torch.float64)], tolerance=1e-3)
    assert [each.array for each in report.arrays] == ["y", "field.weight", "field.bias"]


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "right"), (1.01, "wrong")])
def test_a_jvp_that_is_a_stub_hides_nothing_of_backward(factor, verdict):
    # torchopt 0.7.3: each operation has a jvp of a docstring alone
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Sine(torch.autograd.Function):
        @staticmethod
        def jvp(ctx, *steps):
            """Return nothing."""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, dy):
            return factor * dy * ctx.saved_tensors[0].cos()

    x = torch.tensor(rng(9).normal(size=5))
    assert check_torch(Sine, [x], raises=False).verdict == verdict


def test_the_parts_of_a_whole_know_nothing_of_its_tangent():
    # qpth 0.0.18: Q is symmetric, and what is left at constraints that do not bind makes the whole approximate
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Symmetric(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return (a.tril() + a.tril(-1).mT) ** 2

        @staticmethod
        def backward(ctx, dy):
            g = (1 + 1e-6) * 2 * dy * ctx.saved_tensors[0]
            return (g + g.mT) / 2

    a = rng(10).normal(size=(4, 4))
    a = torch.tensor(a + a.T)
    report = check_torch(lambda a: Symmetric.apply(a), [a], tangent={"a": "symmetric"})
    assert report.verdict == Verdict.approximate
