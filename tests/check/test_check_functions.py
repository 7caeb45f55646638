"""Gradients of functions that are not layers: NumPy's, PyTorch's and JAX's; and the pytest plugin."""

import os
import re
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from support import ROOT

from inkgrad.check import CheckError, GradientMismatch, Verdict, check_function, check_jax, check_torch, check_vjp


def arrays(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(0.3, 1, shape).astype(dtype) for shape in ((5, 3), (3, 2), (2,))]


def affine(x, w, b):
    return np.tanh(x @ w + b)


def affine_vjp(dy, x, w, b):
    dz = dy * (1 - np.tanh(x @ w + b) ** 2)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


def found(error):
    return {finding.array: finding.kind for finding in error.value.report.findings}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(10))
def test_every_array_of_a_right_vjp_passes(dtype, seed):
    report = check_vjp(affine, affine_vjp, *arrays(dtype, seed), seed=seed)
    assert report.ok
    assert [each.array for each in report.arrays] == ["x", "w", "b"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_wrong_gradient_of_any_array_is_found(dtype):
    def vjp(dy, x, w, b):
        dx, dw, db = affine_vjp(dy, x, w, b)
        return dx, -dw, db / len(x)

    with pytest.raises(GradientMismatch) as error:
        check_vjp(affine, vjp, *arrays(dtype))
    assert found(error) == {"w": "sign", "b": "factor"}
    assert not check_vjp(affine, vjp, *arrays(dtype), raises=False).ok


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("seed", range(10))
def test_float32_is_judged_as_float32(scale, seed):
    x = np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32)
    weights = np.float32(scale) * np.random.default_rng(seed + 1).normal(size=(3, 5)).astype(np.float32)
    assert check_vjp(lambda x: x @ weights, lambda dy, x: dy @ weights.T, x, seed=seed).ok
    softmax, softmax_vjp = float32_softmax()
    assert check_vjp(softmax, softmax_vjp, x, seed=seed).ok
    assert check_function(lambda x: np.square(x - 1).sum(), lambda x: 2 * (x - 1), x, seed=seed).ok


def float32_softmax():
    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def vjp(dy, x):
        y = softmax(x)
        return y * (dy - (dy * y).sum(axis=1, keepdims=True))

    return softmax, vjp


def test_a_float32_gradient_wrong_by_a_hundredth_is_found():
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    with pytest.raises(GradientMismatch):
        check_vjp(np.tanh, lambda dy, x: 1.01 * dy * (1 - np.tanh(x) ** 2), x)


def test_a_kink_has_more_than_one_right_answer():
    x = np.array([-1.0, 0.0, 2.0])
    for at_zero in (-1.0, -0.3, 0.0, 1.0):
        slopes = np.array([-1.0, at_zero, 1.0])
        assert check_vjp(np.abs, lambda dy, x, slopes=slopes: slopes * dy, x).ok
    with pytest.raises(GradientMismatch):
        check_vjp(np.abs, lambda dy, x: np.array([-1.0, 1.1, 1.0]) * dy, x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_scalar_function_is_checked_by_its_gradient(dtype):
    (x, *_) = arrays(dtype)
    assert check_function(lambda x: (x**3).sum(), lambda x: 3 * x**2, x).ok
    assert check_function(lambda x: float(x @ x), lambda x: 2 * x, x[0]).ok
    with pytest.raises(GradientMismatch) as error:
        check_function(lambda x: (x**3).sum(), lambda x: x**2, x)
    assert found(error) == {"x": "factor"}


def test_a_scalar_function_may_take_several_arrays():
    x, w, _ = arrays()
    assert check_function(
        lambda x, w: (x @ w).sum(), lambda x, w: (np.ones((5, 2)) @ w.T, x.T @ np.ones((5, 2))), x, w
    ).ok
    with pytest.raises(GradientMismatch) as error:
        check_function(lambda x, w: (x @ w).sum(), lambda x, w: (np.ones((5, 2)) @ w.T, 0 * w), x, w)
    assert found(error) == {"w": "zero"}


def test_the_numbers_in_the_report_are_those_of_the_gradient():
    (x, *_) = arrays()
    (comparison,) = check_function(lambda x: (x**3).sum(), lambda x: 3 * x**2, x).comparisons
    np.testing.assert_array_equal(comparison.analytical, 3 * x**2)
    np.testing.assert_allclose(comparison.numerical.value, 3 * x**2, rtol=1e-7)


def test_arrays_are_left_alone():
    given = arrays()
    check_vjp(affine, affine_vjp, *given)
    for array, before in zip(given, arrays(), strict=True):
        np.testing.assert_array_equal(array, before)


def test_arrays_without_names_of_their_own_are_counted():
    report = check_vjp(lambda *two: two[0] * two[1], lambda dy, a, b: (dy * b, dy * a), *arrays()[:1] * 2)
    assert [each.array for each in report.arrays] == ["two[0]", "two[1]"]


def test_arrays_are_called_as_the_function_calls_them():
    report = check_vjp(lambda a, x: a * x, lambda dy, a, b: (dy * b, dy * a), *arrays()[:1] * 2)
    assert [each.array for each in report.arrays] == ["a", "x"]


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("forward", "backward", "kind", "message"),
    [
        (
            lambda logits: softmax(logits),
            lambda dy, logits: dy * softmax(logits) * (1 - softmax(logits)),
            "diagonal-jacobian",
            "only the diagonal of the Jacobian is used",
        ),
        (np.tanh, lambda dy, signal: dy, "derivative-forgotten", "dx is dy"),
        (
            lambda h: np.tanh(h),
            lambda dy, h: dy * (1 - np.tanh(h)),
            "wrong-formula",
            r"dh equals 1 dy \(1 - y\)",
        ),
        (lambda h: np.maximum(h, 0), lambda dy, h: dy * (dy > 0), "nonlinear", "dh for"),
        (
            lambda h: h * (h > 0) + 0.1 * h * (h < 0),
            lambda dy, h: dy * (h > 0),
            "missing",
            "those where h < 0; is the slope of the negative branch lost",
        ),
    ],
)
def test_a_mistake_about_the_input_has_its_name_whatever_the_input_is_called(forward, backward, kind, message):
    report = check_vjp(forward, backward, arrays()[0], raises=False)
    assert [finding.kind for finding in report.findings] == [kind]
    assert re.search(message, report.findings[0].message)


def test_a_number_is_an_array_too():
    assert check_vjp(np.sin, lambda dy, x: dy * np.cos(x), 0.7).ok
    assert check_function(np.sin, np.cos, np.float32(0.7)).ok


def test_a_function_that_changes_its_input_is_found():
    def f(x):
        x *= 2
        return x

    with pytest.raises(GradientMismatch) as error:
        check_vjp(f, lambda dy, x: 2 * dy, np.ones(3))
    assert found(error) == {"x": "mutated"}


# PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def test_a_torch_module_passes_and_stays_as_it_is(torch):
    torch.manual_seed(0)
    layers = torch.nn.Linear(4, 3), torch.nn.Dropout(0.3), torch.nn.BatchNorm1d(3), torch.nn.ReLU()
    module = torch.nn.Sequential(*layers)
    before = {key: each.clone() for key, each in module.state_dict().items()}
    x, random_state = torch.randn(5, 4), torch.get_rng_state()
    report = check_torch(module, (x,))
    assert report.ok
    assert [each.array for each in report.arrays] == ["input", "0.weight", "0.bias", "2.weight", "2.bias"]
    assert all(torch.equal(each, before[key]) for key, each in module.state_dict().items())
    assert all(each.grad is None for each in module.parameters())
    assert torch.equal(torch.get_rng_state(), random_state)


def test_every_input_of_a_torch_function_is_checked(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, times, w):
            ctx.save_for_backward(x, w)
            ctx.times = times
            return times * x * w

        @staticmethod
        def backward(ctx, dy):
            x, w = ctx.saved_tensors
            return ctx.times * dy * w, None, -ctx.times * dy * x

    with pytest.raises(GradientMismatch, match="w: sign: dw is right but for its sign") as error:
        check_torch(Product.apply, (torch.rand(3), 2, torch.rand(3)))
    assert found(error) == {"w": "sign"}
    assert error.value.report.name == "Product"


def test_a_detached_torch_function_has_a_gradient_of_zero(torch):
    with pytest.raises(GradientMismatch) as error:
        check_torch(lambda x: torch.tanh(x.detach()), torch.rand(3, dtype=torch.float64))
    assert found(error) == {"x": "zero"}


@pytest.mark.parametrize("seed", range(5))
def test_right_float32_torch_modules_raise_no_alarm(torch, seed):
    torch.manual_seed(seed)
    for module in (torch.nn.GELU(), torch.nn.LayerNorm(6), torch.nn.Softmax(1), torch.nn.Linear(6, 4), torch.nn.ReLU()):
        assert check_torch(module, (torch.randn(3, 6),), seed=seed).ok
    assert check_torch(torch.nn.Conv2d(1, 2, 2), (torch.randn(2, 1, 4, 4),), seed=seed).ok
    assert check_torch(torch.nn.MaxPool2d(2), (torch.zeros(2, 1, 4, 4),), seed=seed).ok


def test_what_torch_cannot_check_is_said_clearly(torch):
    x = torch.rand(3)
    with pytest.raises(CheckError, match="no tensor of floating-point numbers"):
        check_torch(lambda x: x, (torch.arange(3),))
    with pytest.raises(CheckError, match=r"forward: RuntimeError: .*shape"):
        check_torch(lambda x: x.view(5), (x,))


# JAX


@pytest.fixture
def jax():
    return pytest.importorskip("jax", reason="JAX is not installed")


def test_a_tree_of_jax_arrays_is_checked(jax):
    p = {"W": np.ones((2, 2)), "b": np.zeros(2)}
    report = check_jax(lambda x, p, k: k * jax.numpy.tanh(x @ p["W"] + p["b"]), (np.ones((3, 2)), p, 2))
    assert report.ok
    assert [each.array for each in report.arrays] == ["x", "p['W']", "p['b']"]


def test_a_wrong_jax_custom_vjp_is_found(jax):
    @jax.custom_vjp
    def product(x, w):
        return x * w

    product.defvjp(lambda x, w: (x * w, (x, w)), lambda cache, dy: (dy * cache[1], 2 * dy * cache[0]))
    with pytest.raises(GradientMismatch) as error:
        check_jax(product, (np.arange(1.0, 4), np.arange(2.0, 5)))
    assert found(error) == {"w": "factor"}
    assert error.value.report.name == "product"


@pytest.mark.parametrize("seed", range(5))
def test_right_jax_functions_raise_no_alarm(jax, seed):
    x = np.random.default_rng(seed).normal(size=(3, 4)).astype(np.float32)
    for f in (jax.nn.gelu, jax.nn.softmax, jax.nn.relu, jax.nn.log_softmax, jax.numpy.tanh, jax.numpy.sort):
        assert check_jax(f, (x,), seed=seed).ok


def test_what_jax_cannot_check_is_said_clearly(jax):
    with pytest.raises(CheckError, match="no array of floating-point numbers"):
        check_jax(lambda x: x, (np.arange(3),))
    with pytest.raises(CheckError, match="forward"):
        check_jax(lambda x: x.reshape(5), (np.ones(3),))


# The pytest plugin


def run_pytest(tmp_path, test):
    """Return the exit status and the output of pytest on a file with `test`, with our plugin alone."""
    (tmp_path / "test_it.py").write_text("import numpy as np\n" + dedent(test))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "inkgrad.check.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "test_it.py",
    ]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # as pytest loads it by itself where it is installed
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_plugin_lets_right_backwards_pass(tmp_path):
    status, output = run_pytest(
        tmp_path,
        """
        from inkgrad.costs import SquaredError
        from inkgrad.layers import Chain, Dense

        def test_vjp(gradcheck):
            assert gradcheck(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), np.ones(3)).ok

        def test_layer_and_cost(gradcheck):
            gradcheck(Dense(4, 3), np.ones((2, 4)), seed=1)
            gradcheck(SquaredError(), np.ones((2, 3)), np.zeros((2, 3)))
            gradcheck(Chain((Dense(4, 3),)), SquaredError(), np.ones((2, 4)), np.zeros((2, 3)))
        """,
    )
    assert status == 0, output
    assert "2 passed" in output


def test_the_plugin_fails_a_wrong_backward_with_the_finding(tmp_path):
    status, output = run_pytest(
        tmp_path,
        """
        def test_vjp(gradcheck):
            gradcheck(np.tanh, lambda dy, x: -dy * (1 - np.tanh(x) ** 2), np.ones(3))

        def test_nothing_to_check(gradcheck):
            gradcheck(np.tanh, lambda dy, x: dy, np.arange(3))
        """,
    )
    assert status == 1, output
    assert "x: sign: " in output
    assert "there is no array of floating-point numbers" in output
    assert "Traceback" not in output
    assert "2 failed" in output


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_plugin_knows_tensors(tmp_path, library):
    pytest.importorskip(library, reason=f"{library} is not installed")
    right, wrong = {
        "torch": ("gradcheck(torch.tanh, torch.ones(3))", "gradcheck(lambda x: torch.tanh(x.detach()), torch.ones(3))"),
        "jax": (
            "gradcheck(jax.numpy.tanh, jax.numpy.ones(3))",
            "gradcheck(lambda x: jax.numpy.tanh(jax.lax.stop_gradient(x)), jax.numpy.ones(3))",
        ),
    }[library]
    test = f"import {library}\ndef test_right(gradcheck):\n    {right}\ndef test_wrong(gradcheck):\n    {wrong}\n"
    status, output = run_pytest(tmp_path, test)
    assert status == 1, output
    assert "1 failed, 1 passed" in output
    assert "x: zero" in output


def test_installing_the_library_installs_the_plugin():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"gradcheck": "inkgrad.check.pytest_plugin"}


HUBER = (lambda x: np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5), lambda dy, x: dy * np.clip(x, -1, 1))


@pytest.mark.parametrize(
    ("f", "vjp", "x"),
    [
        (*HUBER, np.array([-1.0, 1.0, 0.5])),
        (lambda x: x * abs(x), lambda dy, x: 2 * dy * abs(x), np.array([0.0, 0.3])),
        (lambda x: np.maximum(x, 0) ** 2 + 3 * x, lambda dy, x: dy * (2 * np.maximum(x, 0) + 3), np.array([0.0, 1e-7])),
        (lambda x: abs(x) ** 1.1, lambda dy, x: dy * 1.1 * np.sign(x) * abs(x) ** 0.1, np.array([1e-6, 0.5])),
        (lambda x: np.sin(1e5 * x), lambda dy, x: dy * 1e5 * np.cos(1e5 * x), np.array([0.1, 0.2])),
        (abs, lambda dy, x: dy * np.sign(x), np.array([0.0, 1.0])),
        (lambda x: 1e8 * x**3, lambda dy, x: 3e8 * dy * x**2, np.array([1e-4, 2.0])),
    ],
)
def test_functions_whose_curvature_jumps_raise_no_alarm(f, vjp, x):
    assert check_vjp(f, vjp, x).ok
    assert not check_vjp(f, lambda dy, x: 0.7 * vjp(dy, x), x + 0.01, raises=False).ok


def test_where_nothing_can_be_told_the_report_says_so():
    x = np.linspace(-1, 1, 5, dtype=np.float32)

    def drowned(x):
        return (1e6 + 1e-4 * np.tanh(x)).astype(np.float32)

    report = check_vjp(drowned, lambda dy, x: np.zeros_like(dy), x, raises=False)
    assert report.verdict == Verdict.cannot_tell
    assert not report.ok
    assert "it cannot be told whether the gradient is right: of dx no error under" in str(report)
    with pytest.raises(CheckError, match=r"of dx no error under .* try float64"):
        check_vjp(drowned, lambda dy, x: np.zeros_like(dy), x)
