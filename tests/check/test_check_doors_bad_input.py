"""Bad input to check_function, check_vjp, check_torch and check_jax: one line that says whose it is, and no more."""

import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from inkgrad.check import CheckError, check_function, check_jax, check_torch, check_vjp
from inkgrad.errors import SettingError

X = np.linspace(0.1, 1, 5)


def sine(x):
    return np.sin(x)


def through_numpy(**settings):
    return check_vjp(sine, lambda dy, x: dy * np.cos(x), X, **settings)


def through_function(**settings):
    return check_function(lambda x: np.sin(x).sum(), lambda x: np.cos(x), X, **settings)


def through_torch(**settings):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return check_torch(lambda x: torch.sin(x), (torch.tensor(X),), **settings)


def through_jax(**settings):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    return check_jax(lambda x: jax.numpy.sin(x), (X,), **settings)


def refusal(call):
    """Return what a call is refused with, in one line; whatever else it raises goes on."""
    with pytest.raises((CheckError, SettingError)) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("no words")


def unspeakable(*given):
    raise Unspeakable


def in_two_lines(*given):
    raise RuntimeError("too large\nby far")


DOORS = [through_numpy, through_function, through_torch, through_jax]

SETTINGS = [
    ({"sensitivity": -1}, "sensitivity is a part of the gradient, between 0 and 1, got -1"),
    ({"sensitivity": 1.0}, "between 0 and 1"),
    ({"sensitivity": np.nan}, "got nan"),
    ({"sensitivity": "high"}, "sensitivity must be a number, got 'high'"),
    ({"sensitivity": True}, "must be a number"),
    ({"tolerance": np.nan}, "tolerance is a part of the gradient, from 0 to 1, got nan"),
    ({"tolerance": -1e-9}, "from 0 to 1"),
    ({"tolerance": None}, "tolerance must be a number, got None"),
    ({"exact": "no"}, "exact must be True or False, got 'no'"),
    ({"every_entry": 1}, "every_entry must be True, False or None, got 1"),
    ({"raises": 0}, "raises must be True or False"),
    ({"seed": -1}, r"seed must be a whole number from 0 to 2\*\*63 - 1, got -1"),
    ({"seed": 0.5}, "seed must be"),
    ({"seed": None}, "seed must be"),
    ({"seed": "today"}, "seed must be"),
    ({"seed": 2**64}, "seed must be"),
    ({"sensitivty": 1e-3}, "there is no setting sensitivty; there are sensitivity, "),
    ({"kwargs": {"nope": 1}}, "TypeError: .*nope"),
    ({"kwargs": [1]}, r"kwargs must be a dict of arguments by name, got \[1\]"),
    ({"kwargs": 3}, "kwargs must be a dict"),
    ({"kwargs": {1: 2}}, "kwargs must be a dict"),
    ({"surrogate": "straight-through"}, "surrogate must be a dict of arrays by name"),
    ({"surrogate": {"w": "straight-through"}}, "a surrogate is declared of w, but the arrays are x"),
    ({"surrogate": {"x": "straight"}}, "the surrogate of x is 'straight-through', a factor or a function .*'straight'"),
    ({"surrogate": {"x": None}}, "the surrogate of x is"),
    ({"surrogate": {"x": True}}, "the surrogate of x is"),
    ({"surrogate": {"x": 0}}, "0 times the derivative"),
    ({"surrogate": {"x": np.inf}}, "the surrogate of x must be a finite factor, got inf"),
    ({"surrogate": {"x": in_two_lines}}, "the surrogate of x, a gradient: RuntimeError: too large$"),
    ({"surrogate": {"x": lambda dy: dy}}, "the surrogate of x, a gradient: TypeError"),
    ({"surrogate": {"x": lambda dy, x: x[:2]}}, r"the surrogate of x gives the shape \(2,\)"),
    ({"surrogate": {"x": lambda dy, x: "dx"}}, "the surrogate of x, a gradient: ValueError"),
    ({"tangent": ["x"]}, "tangent must be a dict of arrays by name"),
    ({"tangent": {"w": "symmetric"}}, "a tangent is declared of w"),
    ({"tangent": {"x": "sphere"}}, "the tangent of x is 'symmetric' or a function that projects a step, got 'sphere'"),
    ({"tangent": {"x": "symmetric"}}, r"x of shape \(5,\) holds no square matrices"),
    ({"tangent": {"x": in_two_lines}}, "the tangent of x, a step: RuntimeError: too large$"),
    ({"tangent": {"x": lambda step: step[:2]}}, r"the tangent of x must give a step of shape \(5,\)"),
    ({"tangent": {"x": lambda step: None}}, "the tangent of x must give a step"),
    ({"tangent": {"x": lambda step: 0 * step}}, "the tangent of x leaves no step at all"),
    ({"tangent": {"x": lambda step: 2 * step}}, "the tangent of x must project a step"),
    ({"tangent": {"x": lambda step: step[0] * np.ones(5)}}, "the tangent of x must project a step"),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("settings", "message"), SETTINGS, ids=lambda each: str(each)[:40])
def test_settings_that_make_no_sense_are_refused(door, settings, message):
    with pytest.raises((CheckError, SettingError), match=message) as error:
        door(**settings)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("door", [through_torch, through_jax])
@pytest.mark.parametrize("order", [0, 3, -1, "2", None, 1.5])
def test_there_are_first_and_second_derivatives_alone(door, order):
    assert (
        refusal(lambda: door(order=order)) == f"order must be 1, the gradient, or 2, the gradient of it, got {order!r}"
    )


@pytest.mark.parametrize("door", [through_numpy, through_function])
def test_functions_without_a_framework_are_not_differentiated_twice(door):
    assert "there is no setting order" in refusal(lambda: door(order=2))


@pytest.mark.parametrize("door", DOORS)
def test_what_makes_sense_is_taken(door):
    assert door(seed=np.int64(2**63 - 1), sensitivity=np.float32(1e-3), tolerance=0, every_entry=None, exact=True).ok
    assert not door(surrogate={"x": np.float64(2)}, raises=np.False_).ok


NO_FUNCTIONS = [
    (None, "TypeError: 'NoneType' object is not callable"),
    ("sin", "'str' object is not callable"),
    (lambda: 0, "TypeError"),
    (lambda a, b: a, "TypeError: .*argument"),
    (in_two_lines, "RuntimeError: too large$"),
    (unspeakable, r"Unspeakable: \(its message raises ValueError\)"),
    (lambda x: sys.exit(3), "SystemExit: 3"),
    (lambda x: None, "should give"),
    (lambda x: "y", "should give"),
    (lambda x: {}, "should give"),
    (lambda x: x > 0.5, "should give"),
]


@pytest.mark.parametrize(("f", "message"), NO_FUNCTIONS)
def test_a_function_that_is_none_is_refused(f, message):
    with pytest.raises(CheckError, match=message) as error:
        check_vjp(f, lambda dy, x: dy, X)
    assert "\n" not in str(error.value)
    with pytest.raises(CheckError, match=message):
        check_function(f, lambda x: x, X)


@pytest.mark.parametrize(("f", "message"), NO_FUNCTIONS)
def test_a_torch_function_that_is_none_is_refused(f, message):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with pytest.raises(CheckError, match=message) as error:
        check_torch(f, (torch.tensor(X),))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("f", "message"), NO_FUNCTIONS)
def test_a_jax_function_that_is_none_is_refused(f, message):
    pytest.importorskip("jax", reason="JAX is not installed")
    with pytest.raises(CheckError, match=message) as error:
        check_jax(f, (X,))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("vjp", "message"),
    [
        (None, "'NoneType' object is not callable"),
        (in_two_lines, "backward: RuntimeError: too large$"),
        (unspeakable, "Unspeakable"),
        (lambda dy, x: sys.exit(3), "backward: SystemExit: 3"),
        (lambda dy, x: None, "None for each array"),
        (lambda dy, x: "dx", "should give numbers for x"),
        (lambda dy, x: x > 0, "should give numbers for x, got an array of bool"),
        (lambda dy, x: 1j * x, "should give numbers for x, got an array of complex128"),
        (lambda dy, x: [[1.0], [1.0, 2.0]], "backward: ValueError: .*inhomogeneous"),
        (lambda dy, x: (dy, dy), "should give 1 gradient, got 2"),
        (lambda dy, x: (), "should give 1 gradient, got 0"),
        (lambda dy, x: {"w": dy}, "should give gradients for x"),
        (lambda dy: dy, "TypeError"),
    ],
)
def test_a_vjp_that_is_none_is_refused(vjp, message):
    with pytest.raises(CheckError, match=message) as error:
        check_vjp(sine, vjp, X)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "x",
    [None, "x", np.arange(3), 3, True, np.zeros(0), [], {}, np.full(3, np.nan), np.full(3, np.inf), [[1.0], [1.0, 2.0]],
     np.array([1.0, None]), {1.0}, np.array(["2020"], "M8"), object()],
    ids=lambda x: str(x).partition(" at 0x")[0],
)  # fmt: skip
def test_arguments_without_slopes_are_refused(x):
    assert "sine: " in refusal(lambda: check_vjp(sine, lambda dy, x: dy, x))
    refusal(lambda: check_function(lambda x: np.sin(x).sum(), lambda x: x, x))


def test_an_empty_array_beside_others_is_left_in_peace():
    report = check_vjp(
        lambda x, more: np.sin(x) + more.sum(), lambda dy, x, more: (dy * np.cos(x), 0 * more), X, np.zeros((0, 3))
    )
    assert report.ok


def test_what_a_function_prints_is_its_own_affair(capsys):
    def talks(x):
        print("hello")
        return np.sin(x)

    assert check_vjp(talks, lambda dy, x: dy * np.cos(x), X).ok
    assert set(capsys.readouterr().out.split()) == {"hello"}


# PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def function(torch):
    """Return what makes a Function of a backward: its forward is sin."""

    def made(backward):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type("Made", (torch.autograd.Function,), methods)

    return made


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (in_two_lines, "^Made, backward: RuntimeError: too large$"),
        (unspeakable, "^Made, backward: Unspeakable"),
        (lambda ctx, dy: sys.exit(3), "^Made, backward: SystemExit: 3"),
        (lambda ctx, dy: (dy, dy), "incorrect number of gradients"),
        (lambda ctx, dy: dy[:2], "invalid gradient at index 0"),
        (lambda ctx, dy: "dx", "got str"),
        (lambda ctx: None, "TypeError"),
    ],
)
def test_a_torch_backward_that_is_none_is_refused(torch, function, backward, message):
    with pytest.raises(CheckError, match=message) as error:
        check_torch(function(backward), (torch.tensor(X),))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("backward", "kind"), [(lambda ctx, dy: None, "zero"), (lambda ctx, dy: dy * np.nan, "not-finite")]
)
def test_a_torch_backward_that_gives_nothing_of_use_is_wrong(torch, function, backward, kind):
    (finding,) = check_torch(function(backward), (torch.tensor(X),), raises=False).findings
    assert (finding.array, finding.kind) == ("x", kind)


@pytest.mark.filterwarnings("ignore")
def test_tensors_without_slopes_are_refused(torch):
    for x, message in (
        (None, "no tensor of floating-point numbers"),
        ("x", "no tensor"),
        (X, "no tensor"),
        (0.5, "no tensor"),
        (torch.arange(3), "no tensor"),
        (torch.ones(3, dtype=torch.bool), "no tensor"),
        (torch.ones(3, device="meta"), "on the device meta"),
        (torch.eye(3).to_sparse(), "the layout sparse_coo"),
        (torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantised"),
        (torch.ones(3).to(torch.float8_e4m3fn), "too coarse for slopes"),
        (torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "nested"),
        (torch.full((3,), torch.nan), "NaN or infinity"),
    ):
        assert message in refusal(lambda x=x: check_torch(lambda x: x.sin(), (x,)))


def test_no_tensors_at_all_are_refused(torch):
    for inputs in (None, (), "x", {}):
        assert "no tensor" in refusal(lambda inputs=inputs: check_torch(lambda x: x.sin(), inputs))


def test_an_empty_tensor_beside_others_is_left_in_peace(torch):
    x, empty = torch.tensor(X), torch.zeros(0, dtype=torch.float64)
    assert check_torch(lambda x, more: torch.cat([x.sin(), more]), (x, empty)).ok
    assert not check_torch(lambda x, more: torch.cat([x.detach().sin(), more]), (x, empty), raises=False).ok


def test_there_are_no_gradients_in_inference_mode(torch):
    with torch.inference_mode():
        assert "inference_mode" in refusal(lambda: check_torch(lambda x: x.sin(), (torch.tensor(X),)))
        x = torch.ones(3)
    assert check_torch(lambda x: x.sin(), (x,)).ok
    with torch.no_grad():
        assert check_torch(lambda x: x.sin(), (x,)).ok


# JAX


@pytest.fixture
def jax():
    return pytest.importorskip("jax", reason="JAX is not installed")


@pytest.mark.parametrize(
    ("bwd", "message"),
    [
        (in_two_lines, "backward: RuntimeError: too large$"),
        (unspeakable, "Unspeakable"),
        (lambda kept, dy: sys.exit(3), "SystemExit: 3"),
        (lambda kept, dy: (dy, dy), "TypeError: Custom VJP bwd rule"),
        (lambda kept, dy: dy, "TypeError: Custom VJP bwd rule"),
        (lambda kept, dy: (dy[:2],), "ValueError: Custom VJP bwd rule"),
        (lambda kept, dy: ("dx",), "TypeError"),
    ],
)
def test_a_jax_rule_that_is_none_is_refused(jax, bwd, message):
    f = jax.custom_vjp(lambda x: jax.numpy.sin(x))
    f.defvjp(lambda x: (jax.numpy.sin(x), x), bwd)
    with pytest.raises(CheckError, match=message) as error:
        check_jax(f, (X,))
    assert "\n" not in str(error.value)


def test_jax_arrays_without_slopes_are_refused(jax):
    deleted = jax.numpy.ones(3)
    deleted.delete()
    for x, message in (
        (None, "no array of floating-point numbers"),
        ("x", "no array"),
        (object(), "no array"),
        (jax.numpy.arange(3), "no array"),
        (jax.random.key(0), "no array"),
        (np.full(3, np.nan), "NaN or infinity"),
        (deleted, "x was deleted"),
        (jax.numpy.ones(3, jax.numpy.float8_e4m3fn), "cannot be told"),
    ):
        assert message in refusal(lambda x=x: check_jax(lambda x: jax.numpy.sin(x), (x,)))
    for args in (None, (), "x"):
        assert "no array" in refusal(lambda args=args: check_jax(lambda x: x, args))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("call", [2, 4, 6, 8, pytest.param(3, marks=pytest.mark.slow)])
def test_a_jax_function_that_raises_later_is_no_crash(call, order):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    calls = iter(range(1, 1000))

    def sometimes(x):
        if next(calls) == call:
            raise ValueError("not\nnow")
        return jax.numpy.sin(x)

    with suppress(CheckError):
        assert check_jax(sometimes, (X,), order=order).verdict == "right"


# Points, and functions that change.


class Growing:
    """A function that gives more numbers at each call."""

    def __init__(self):
        self.n_calls = 0

    def __call__(self, x):
        self.n_calls += 1
        return x[: self.n_calls]


@pytest.mark.parametrize("n", [9, 5000])
def test_a_function_whose_shape_changes_is_refused_in_one_line(n):
    with pytest.raises(CheckError, match=r"^Growing: forward gives \d+ numbers, then \d+ when ") as error:
        check_vjp(Growing(), lambda dy, x: 0 * x, np.arange(n) + 0.5)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("n", [9, 5000])
def test_a_backward_whose_shape_changes_is_refused_in_one_line(n):
    calls = iter(range(1000))

    def vjp(dy, x):
        return dy if next(calls) < 2 else dy[:3]

    words = f"<lambda>: when backward is called again, dx has shape (3,), must be ({n},), that of x"
    assert refusal(lambda: check_vjp(lambda x: x, vjp, np.ones(n))) == words


def test_a_jax_function_whose_shape_changes_is_refused_in_one_line():
    pytest.importorskip("jax", reason="JAX is not installed")
    assert refusal(lambda: check_jax(Growing(), (np.arange(9) + 0.5,))).startswith("Growing, backward: ValueError: ")


def refuses_zero(x):
    if (x == 0).any():
        raise ValueError("no zeros")
    return x**2


AWKWARD = [
    (refuses_zero, lambda dy, x: 2 * x * dy, "where some numbers are 0: refuses_zero, forward: ValueError: no zeros"),
    (lambda x: np.log(x**2), lambda dy, x: 2 / x * dy, "where some numbers are 0: forward is not finite there"),
]


@pytest.mark.parametrize(("f", "vjp", "message"), AWKWARD)
def test_an_awkward_point_that_a_function_does_not_take_is_said_not_to_be_checked(f, vjp, message):
    report = check_vjp(f, vjp, np.linspace(0.6, 3, 12), points="awkward")
    assert message in report.not_checked
    assert report.ok


def test_indices_that_may_not_repeat_are_said_not_to_be_checked():
    def picked(x, k):
        if len(set(k)) < len(k):
            raise ValueError("twice")
        return x[k]

    def vjp(dy, x, k):
        dx = np.zeros_like(x)
        np.add.at(dx, k, dy)
        return dx

    report = check_vjp(picked, vjp, np.linspace(0.6, 3, 12), np.arange(4), points="awkward")
    assert [each for each in report.not_checked if each.startswith("where indices repeat")] == [
        "where indices repeat: picked, forward: ValueError: twice"
    ]


def test_a_budget_that_ends_before_awkward_points_is_said(monkeypatch):
    clock = SimpleNamespace(seconds=time.monotonic(), monotonic=lambda: clock.seconds)
    monkeypatch.setattr("inkgrad.check.course.time", clock)

    def slow_at_zero(x):
        clock.seconds += 100.0 * bool((x == 0).any())
        return x**2

    x = np.linspace(0.6, 3, 12)
    report = check_vjp(slow_at_zero, lambda dy, x: 2 * x * dy, x, points="awkward", budget=60, raises=False)
    assert report.verdict == "right"
    assert "awkward points: the budget was spent" in report.not_checked
