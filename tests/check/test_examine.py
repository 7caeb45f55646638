"""The stages of a check: its parts where the whole is wrong, its own forward, and forward mode."""

import numpy as np
import pytest

from inkgrad.check import CheckError, GradientMismatch, Verdict, check_layer, check_network, check_torch, check_vjp
from inkgrad.check.examine import examine
from inkgrad.check.measure.subject import Subject
from inkgrad.costs import SquaredError
from inkgrad.layers import Chain, Dense, Tanh


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def cubes(torch):
    """Return a module with a rule by hand in it, small enough for all its numbers to be moved."""

    class Cubed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 2 * dy * x**2

    class Cube(torch.nn.Module):
        def forward(self, x):
            return Cubed.apply(x)

    def module(width):
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(3, width), Cube(), torch.nn.Linear(width, 2)).double()

    return module


@pytest.mark.parametrize("width", [4, 700])
def test_the_part_that_is_wrong_is_named_and_nothing_before_it(torch, cubes, width):
    x = torch.randn(5, 3, dtype=torch.float64)
    with pytest.raises(GradientMismatch) as caught:
        check_torch(cubes(width), (x,))
    findings = caught.value.report.findings
    assert [(finding.layer, finding.array) for finding in findings] == [("1.Cubed", "x")]
    assert "0.667" in findings[0].message or findings[0].kind in ("factor", "wrong-formula")


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_a_module_that_takes_no_hooks_hides_no_wrong_part(torch, factor):
    sine = rule(torch, factor)

    class Act(torch.nn.Module):
        def forward(self, x):
            return sine.apply(x)

    scripted = torch.jit.script(torch.nn.Linear(3, 4).double())
    x = torch.randn(5, 3, dtype=torch.float64)
    report = check_torch(torch.nn.Sequential(scripted, Act()), (x,), raises=False)
    assert [finding.layer for finding in report.findings] == ([] if factor == 1 else ["1.Sine"])


def test_parts_that_cannot_be_reached_take_back_nothing_that_the_whole_has_told():
    def parts():
        raise CheckError("no hooks here")
        yield

    arrays = {"x": np.linspace(1, 2, 6)}
    double = Subject("double", arrays, lambda a: 2 * a["x"], lambda a, dy, start: {"x": dy.copy()}, parts=parts)
    report = examine(double, 0)
    assert report.verdict == Verdict.wrong
    assert [finding.array for finding in report.findings] == ["x"]
    assert report.not_checked == ("double, its parts: no hooks here",)


@pytest.mark.parametrize("width", [4, 700])
def test_right_parts_put_together_in_a_wrong_way_are_wiring(torch, width):
    class Detached(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(3, width), torch.nn.Linear(width, 3)

        def forward(self, x):
            return self.second(torch.tanh(self.first(x)).detach()) + x

    report = check_torch(Detached().double(), (torch.randn(5, 3, dtype=torch.float64),), raises=False)
    assert report.verdict == Verdict.wrong
    assert {(finding.layer, finding.array, finding.kind) for finding in report.findings} == {
        ("", "x", "wiring"),
        ("", "first.weight", "wiring"),
        ("", "first.bias", "wiring"),
    }
    assert "is something detached" in report.findings[0].message


def rule(torch, factor=1.0, slope=1.0, hidden=False):
    """Return sin as a Function: its backward and its jvp times a number, its forward detached or not."""

    class Sine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            return torch.sin(x.detach() if hidden else x)

        @staticmethod
        def backward(ctx, dy):
            return factor * dy * torch.cos(ctx.saved_tensors[0])

        @staticmethod
        def jvp(ctx, dx):
            return slope * dx * torch.cos(ctx.saved_tensors[0])

    return Sine


def large(torch):
    torch.manual_seed(0)
    return torch.randn(60, 50, dtype=torch.float64)


def test_a_large_function_is_judged_beside_its_own_forward(torch):
    report = check_torch(rule(torch), (large(torch),))
    assert [each.reference for each in report.arrays] == ["its own forward"]
    assert report.arrays[0].least < 1e-4  # that of the differences beside which it is believed


def test_an_own_forward_that_is_detached_is_not_believed(torch):
    report = check_torch(rule(torch, hidden=True), (large(torch),))
    assert [each.reference for each in report.arrays] == ["directions"]


def test_a_wrong_backward_beside_its_own_forward_is_wrong(torch):
    for size in 1.001, 1 + 1e-7:
        report = check_torch(rule(torch, factor=size), (large(torch),), exact=True, raises=False)
        assert report.verdict == Verdict.wrong


@pytest.mark.parametrize("settings", [{}, {"reference": "forward"}, {"every_entry": False}], ids=str)
@pytest.mark.parametrize("shape", [(7, 5), (60, 50)])
def test_a_backward_that_reads_memory_as_if_it_were_in_order_is_found_in_every_way(torch, shape, settings):
    class Kernel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            in_order = dy.T if dy.T.is_contiguous() and not dy.is_contiguous() else dy
            return in_order.reshape(dy.shape) * x.cos()

    x = torch.randn(*shape, dtype=torch.float64)
    report = check_torch(Kernel, (x,), raises=False, **settings)
    assert [(finding.array, finding.kind) for finding in report.findings] == [("x", "layout")]
    assert report.verdict == Verdict.wrong


def test_a_wrong_forward_mode_is_found(torch):
    x = torch.randn(7, dtype=torch.float64)
    assert check_torch(rule(torch), (x,)).ok
    with pytest.raises(GradientMismatch, match=r"x: forward-mode: jvp gives other slopes of y along x"):
        check_torch(rule(torch, slope=1.01), (x,))
    with pytest.raises(GradientMismatch, match=r"forward-mode"):
        check_torch(rule(torch, slope=0.0), (large(torch),))


@pytest.mark.parametrize(("kind", "where"), [("Sine", ""), ("Sequential", " of 0.Sine")])
def test_a_forward_mode_that_raises_is_said_not_to_be_checked(torch, kind, where):
    class Sine(rule(torch, factor=1.0 if kind == "Sine" else 1.1)):
        @staticmethod
        def jvp(ctx, dx):
            raise ValueError("not\nyet")

    class Layer(torch.nn.Module):
        def forward(self, x):
            return Sine.apply(x)

    function = Sine if kind == "Sine" else torch.nn.Sequential(Layer(), torch.nn.Linear(7, 2, dtype=torch.float64))
    for dtype in torch.float64, torch.float32:
        given = function.to(dtype) if isinstance(function, torch.nn.Module) else function
        report = check_torch(given, (torch.randn(3, 7, dtype=dtype),), raises=False)
        assert report.ok == (kind == "Sine")
        assert report.not_checked == (f"forward mode{where}: Sine, jvp: ValueError: not",)


def test_a_part_that_cannot_be_examined_is_said_where_the_whole_is_wrong(torch):
    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.act = torch.nn.Tanh()

        def forward(self, x):
            hidden = torch.where(x > 100, x, torch.nan)
            return self.act(hidden).nan_to_num() + 2 * x.detach()

    report = check_torch(Whole(), (torch.randn(3, 4, dtype=torch.float64),), raises=False)
    assert [each.kind for each in report.findings] == ["zero"]
    assert report.not_checked == ("act: Tanh: input holds NaN or infinity; check it at finite numbers",)


def test_a_forward_mode_of_another_shape_is_said_not_to_be_checked():
    x = np.linspace(0.1, 1, 5)
    subject = Subject(
        "sine",
        {"x": x},
        lambda arrays: np.sin(arrays["x"]),
        lambda arrays, dy, start: {"x": dy * np.cos(arrays["x"])},
        pushforward=lambda arrays, steps: np.zeros(2),
    )
    report = examine(subject, seed=0)
    assert report.ok
    assert report.not_checked == ("forward mode: sine, jvp: 2 slopes for 5 numbers",)


def test_what_rests_on_a_teacher_without_gradients_is_a_constant_unless_a_gradient_is_asked_for(torch):
    class Student(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.student, self.teacher = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2).requires_grad_(False)

        def forward(self, x):
            with torch.no_grad():
                aim = self.teacher(x)
            return (self.student(x) - aim) ** 2

    module, x = Student().double(), torch.randn(5, 3, dtype=torch.float64)
    report = check_torch(module, (x,))
    assert [each.array for each in report.arrays] == ["student.weight", "student.bias"]
    with pytest.raises(GradientMismatch, match="is something detached"):
        check_torch(module, (x.requires_grad_(),))


# Manners, which along directions too are looked at: of arrays of 3,000 numbers as of those of 15.

SHAPES = (5, 3), (50, 60)


class AddsUp(Dense):
    """dW is added to what was there."""

    def parameter_gradient(self, p, g, x, dy):
        g.W += x.T @ dy
        g.b[...] = dy.sum(0)


@pytest.mark.parametrize("n", [5, 60])
def test_a_gradient_that_is_added_to_is_found_in_layers_of_any_size(n):
    x = np.random.default_rng(0).normal(size=(3, n))
    report = check_layer(AddsUp(n, n), x, raises=False)
    assert [(finding.array, finding.kind) for finding in report.findings] == [("W", "accumulated")]
    network = Chain((AddsUp(n, n), Tanh(), Dense(n, n)))
    report = check_network(network, SquaredError(), x, x, raises=False)
    assert [(finding.layer, finding.array, finding.kind) for finding in report.findings] == [("0", "W", "accumulated")]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_forward_that_changes_an_array_in_place_is_found_and_the_array_stays(shape):
    def forward(table, scale):
        y = table * scale
        scale *= 1.5
        return y

    rng = np.random.default_rng(0)
    table, scale = rng.normal(size=shape), rng.normal(size=shape[1])
    given = scale.copy()
    report = check_vjp(forward, lambda dy, table, scale: (dy * scale, (dy * table).sum(0)), table, scale, raises=False)
    assert [(finding.array, finding.kind) for finding in report.findings] == [("scale", "mutated")]
    np.testing.assert_array_equal(scale, given)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_forward_that_draws_random_numbers_is_found(shape):
    rng, table = np.random.default_rng(0), np.ones(shape)
    report = check_vjp(
        lambda table: table**2 + rng.normal(size=shape), lambda dy, table: 2 * dy * table, table, raises=False
    )
    assert [(finding.array, finding.kind) for finding in report.findings] == [("table", "random")]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_forward_that_gives_x_itself_keeps_the_name_of_a_mistake(shape):
    report = check_vjp(lambda x: x, lambda dy, x: 3 * dy, np.ones(shape), raises=False)
    assert [(finding.array, finding.kind) for finding in report.findings] == [("x", "factor")]


def test_what_is_done_to_dy_is_said_of_the_first_array():
    def backward(dy, table):
        dy *= 2
        return dy

    report = check_vjp(lambda table: 2 * table, backward, np.ones((5, 3)), raises=False)
    assert [(finding.array, finding.kind) for finding in report.findings] == [("table", "mutated")]
