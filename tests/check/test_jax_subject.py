"""What a check sees of a function of JAX: its arrays by name, its gradients, and its custom rules one by one."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inkgrad.check import CheckError
from inkgrad.check.jax_subject import subject_of_jax


def numbers(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(0.3, 1, shape).astype(dtype)


def gradients(subject, dy=None):
    y = subject.forward(subject.arrays)
    return subject.backward(subject.arrays, np.ones_like(y) if dy is None else dy, 0.0)


def same(found, expected, rtol=1e-5):
    assert list(found) == list(expected)
    for name, each in expected.items():
        np.testing.assert_allclose(found[name], each, rtol, 1e-5, err_msg=name)


def cube_rule(factor):
    """Return x³ with a rule of its own, right for a factor of 3."""

    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (cube(x), x), lambda x, dy: (factor * dy * x**2,))
    return cube


# Arguments


class Pair(NamedTuple):
    W: np.ndarray
    b: np.ndarray


@partial(jax.tree_util.register_dataclass, data_fields=["W", "b"], meta_fields=["steps"])
class Affine:
    def __init__(self, W, b, steps=1):
        self.W, self.b, self.steps = W, b, steps

    def __call__(self, x):
        return self.steps * x @ self.W + self.b


W, b, x = numbers(3, 2), numbers(2, seed=1), numbers(5, 3, seed=2)


@pytest.mark.parametrize(
    ("p", "names"),
    [
        ({"W": W, "b": b}, ["p['W']", "p['b']"]),
        ([W, b], ["p[0]", "p[1]"]),
        (Pair(W, b), ["p.W", "p.b"]),
        (Affine(W, b), ["p.W", "p.b"]),
    ],
    ids=["dict", "list", "named tuple", "dataclass"],
)
def test_the_arrays_of_a_tree_are_called_by_their_paths(p, names):
    def f(x, p):
        w, b = (p.W, p.b) if hasattr(p, "W") else p.values() if isinstance(p, dict) else p
        return x @ w + b

    subject = subject_of_jax(f, (x, p))
    assert subject.main == "x"
    np.testing.assert_allclose(subject.forward(subject.arrays), x @ W + b, 1e-5)
    dy = numbers(5, 2, seed=3)
    same(gradients(subject, dy), dict(zip(["x", *names], [dy @ W.T, x.T @ dy, dy.sum(0)], strict=True)))


def test_a_model_that_is_a_tree_shows_its_parameters():
    subject = subject_of_jax(Affine(W, b, 2), (x,))
    assert subject.name == "Affine"
    same(gradients(subject), {"W": 2 * x.sum(0)[:, None] * np.ones(2), "b": np.full(2, 5), "x": 5 * [2 * W.sum(1)]})


def test_a_parameter_of_a_model_is_not_taken_for_an_argument():
    class Times(Affine):
        def __call__(self, W):
            return self.W * W

    jax.tree_util.register_dataclass(Times, data_fields=["W"], meta_fields=["b", "steps"])
    same(gradients(subject_of_jax(Times(W, None), (2 * W,))), {"self.W": 2 * W, "W": W})


def test_keyword_arguments_are_checked_under_their_names():
    subject = subject_of_jax(lambda table, *, scale, shift=0: table * scale + shift, (x,), {"scale": b[0], "shift": 2})
    same(gradients(subject), {"table": np.full((5, 3), b[0]), "scale": x.sum()})


def test_what_has_no_slopes_is_passed_through():
    def f(x, n, flags, key, mode, nothing):
        for _ in range(n):
            x = x * (2 if mode == "double" else 1)
        return jnp.where(flags, x, 0) + jax.random.uniform(key, x.shape)

    flags = np.arange(15).reshape(5, 3) % 2 == 0
    for key in (jax.random.key(0), jax.random.PRNGKey(0)):
        same(gradients(subject_of_jax(f, (x, 3, flags, key, "double", None))), {"x": 8 * flags})


def test_integers_of_numpy_index_in_float64_too():
    rows = np.array([0, 4, 4])
    subject = subject_of_jax(lambda table, rows: table[rows] ** 2, (x, rows))
    expected = 2 * x * np.array([[1], [0], [0], [0], [2]])
    same(gradients(subject), {"table": expected})
    same(gradients(subject.precise), {"table": expected})


@pytest.mark.parametrize("factor", [1, 2])
def test_a_rule_may_close_over_integers_of_numpy(factor):
    rows = np.array([0, 4, 4])

    @jax.custom_vjp
    def pick(table):
        return jnp.stack([table[0], table[4], table[4]])

    pick.defvjp(
        lambda table: (pick(table), None), lambda kept, dy: (jnp.zeros((5, 3), dy.dtype).at[rows].add(factor * dy),)
    )
    subject = subject_of_jax(pick, (x,))
    expected = factor * np.array([[1], [0], [0], [0], [2]]) * np.ones(3)
    same(gradients(subject), {"table": expected})
    assert subject.precise is None or np.array_equal(gradients(subject.precise)["table"], expected)
    same(gradients(subject), {"table": expected})


def test_a_number_that_cannot_be_traced_is_a_setting():
    @partial(jax.jit, static_argnums=1)
    def f(x, eps):
        return x * eps

    assert list(subject_of_jax(f, (x, 0.5)).arrays) == list(subject_of_jax(f, (x, np.int64(2))).arrays) == ["x"]
    assert list(subject_of_jax(lambda x, eps: x * eps, (x, 0.5)).arrays) == ["x", "eps"]


def test_a_plain_number_stays_one_and_adapts_to_a_coarse_type():
    subject = subject_of_jax(lambda x, s: jnp.float32((x * s).dtype == jnp.bfloat16) * x, (jnp.bfloat16(x), 0.5))
    np.testing.assert_allclose(subject.forward(subject.arrays), subject.arrays["x"])


def test_functions_close_over_arrays_and_leave_them_alone():
    same(gradients(subject_of_jax(lambda x: x @ W, (x,))), {"x": 5 * [W.sum(1)]})


def test_arguments_without_names_are_numbered():
    assert list(subject_of_jax(lambda *xs: xs[0] * xs[1], (x, x)).arrays) == ["xs[0]", "xs[1]"]


# Outputs


def test_several_outputs_are_one_row_without_integers():
    def f(x):
        return {"sine": jnp.sin(x), "place": x.argmax(), "total": (x.sum(), None)}

    subject = subject_of_jax(f, (x,))
    np.testing.assert_allclose(subject.forward(subject.arrays), [*np.sin(x).ravel(), x.sum()], 1e-5)
    dy = numbers(16)
    same(gradients(subject, dy), {"x": dy[:15].reshape(5, 3) * np.cos(x) + dy[15]})


def test_one_number_is_an_output_of_no_axes():
    subject = subject_of_jax(lambda s: s**2, (3.0,))
    assert subject.forward(subject.arrays).shape == ()
    same(gradients(subject), {"s": 6.0})


def test_outputs_that_stay_at_minus_infinity_are_left_out():
    mask = np.tri(3, dtype=bool)
    subject = subject_of_jax(lambda s: jnp.where(mask, s * s, -jnp.inf), (numbers(3, 3),))
    np.testing.assert_allclose(subject.forward(subject.arrays), numbers(3, 3)[mask] ** 2)
    same(gradients(subject), {"s": 2 * mask * numbers(3, 3)})


def test_outputs_that_only_begin_at_minus_infinity_are_kept():
    subject = subject_of_jax(jnp.log, (np.float32([0, 1]),))
    assert subject.forward(subject.arrays)[0] == -np.inf


# Complex and coarse numbers


def test_complex_numbers_are_pairs_of_real_ones():
    z = (numbers(4) + 1j * numbers(4, seed=1)).astype(np.complex64)
    subject = subject_of_jax(lambda z: (z**2, jnp.abs(z) ** 2), (z,))
    assert subject.arrays["z"].shape == (4, 2)
    u, v = subject.arrays["z"].T
    expected = [*np.stack([u**2 - v**2, 2 * u * v], 1).ravel(), *(u**2 + v**2)]
    np.testing.assert_allclose(subject.forward(subject.arrays), expected, 1e-5)
    same(gradients(subject), {"z": np.stack([2 * u + 2 * v + 2 * u, -2 * v + 2 * u + 2 * v], 1)})


def test_a_wrong_complex_rule_shows():
    @jax.custom_vjp
    def square(z):
        return z**2

    square.defvjp(lambda z: (square(z), z), lambda z, dy: (2 * z.conj() * dy,))
    subject = subject_of_jax(square, (np.complex64([1 + 2j]),))
    same(gradients(subject, np.float32([[1, 0]])), {"z": [[2, 4]]})
    same(subject.reference(subject.arrays, np.float32([[1, 0]])), {"z": [[2, -4]]})


@pytest.mark.parametrize("kind", [jnp.bfloat16, jnp.float16])
def test_coarse_types_travel_as_float32(kind):
    subject = subject_of_jax(jnp.tanh, (jnp.asarray(x, kind),))
    assert subject.unit == subject.eps == float(jnp.finfo(kind).eps)
    (array,) = subject.arrays.values()
    assert array.dtype == np.float32
    y = subject.forward(subject.arrays)
    assert np.array_equal(y, y.astype(kind))
    assert np.array_equal(y, np.asarray(jnp.tanh(jnp.asarray(x, kind)), np.float32))
    np.testing.assert_allclose(subject.precise.forward(subject.precise.arrays), np.tanh(array.astype(float)), 1e-12)


@pytest.mark.parametrize("factor", [3, 2])
def test_a_rule_works_in_its_own_coarse_type(factor):
    subject = subject_of_jax(cube_rule(factor), (jnp.asarray(x, jnp.bfloat16),))
    expected = {"x": factor * subject.arrays["x"] ** 2}
    same(gradients(subject), expected, 3 * subject.unit)
    assert np.array_equal(gradients(subject)["x"], gradients(subject)["x"].astype(jnp.bfloat16))
    same(gradients(subject.precise), {"x": factor * subject.arrays["x"].astype(float) ** 2})


# In float64


def test_the_same_function_in_float64_leaves_the_users_flag_alone():
    assert not jax.config.jax_enable_x64
    subject = subject_of_jax(lambda x, w: jnp.sin(x @ w), (x, W))
    precise = subject.precise
    assert not jax.config.jax_enable_x64
    z = x.astype(float) @ W
    np.testing.assert_allclose(precise.forward(precise.arrays), np.sin(z), 1e-13)
    dz = np.cos(z)
    for name, each in {"x": dz @ W.T, "w": x.T.astype(float) @ dz}.items():
        np.testing.assert_allclose(gradients(precise)[name], each, 1e-12)
    assert not jax.config.jax_enable_x64


def test_what_takes_float32_alone_is_not_precise():
    assert subject_of_jax(lambda x: jax.lax.mul(x, jnp.ones((5, 3), jnp.float32)), (x,)).precise is None
    assert subject_of_jax(lambda x: x.astype(jnp.float32), (x,)).precise is None


def test_dropout_in_float64_drops_something_else_and_is_no_reference():
    def dropout(x, key):
        return x * jax.random.bernoulli(key, 0.5, x.shape)

    assert subject_of_jax(dropout, (x, jax.random.key(0))).precise is None


def test_float64_itself_needs_no_other():
    with jax.enable_x64(True):
        subject = subject_of_jax(jnp.sin, (x.astype(float),))
        assert subject.precise is None
        np.testing.assert_allclose(next(iter(gradients(subject).values())), np.cos(x.astype(float)), 1e-14)


# Rules written by hand


@pytest.mark.parametrize("factor", [3, 2])
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit, partial, jax.vmap, jax.checkpoint], ids=lambda f: f.__name__)
def test_the_reference_does_without_the_rule(factor, wrap):
    subject = subject_of_jax(wrap(cube_rule(factor)), (x,))
    same(gradients(subject), {"x": factor * x**2})
    same(subject.reference(subject.arrays, np.ones_like(x)), {"x": 3 * x**2})
    precise = subject.precise
    np.testing.assert_allclose(precise.reference(precise.arrays, np.ones(x.shape))["x"], 3 * x.astype(float) ** 2)
    assert subject.pushforward is None
    assert subject.parts is None or wrap not in (jax.jit, partial)


def test_a_function_without_such_rules_needs_no_reference():
    subject = subject_of_jax(lambda x: jax.nn.relu(x) + jax.nn.silu(x), (x,))
    assert subject.reference is None
    assert subject.parts is None


def test_a_forward_that_jax_cannot_differentiate_is_no_reference():
    @jax.custom_vjp
    def f(x):
        return jax.lax.while_loop(lambda y: y.sum() < 100, lambda y: y + 1, x)

    f.defvjp(lambda x: (f(x), None), lambda kept, dy: (dy,))
    subject = subject_of_jax(f, (x,))
    assert subject.reference is None
    same(gradients(subject), {"x": np.ones_like(x)})


@pytest.mark.parametrize("right", [True, False])
def test_arguments_that_are_not_differentiated_stay_settings(right):
    @partial(jax.custom_vjp, nondiff_argnums=(0, 2))
    def power(f, x, n):
        return f(x) ** n

    def backward(f, n, x, dy):
        return (dy * (n if right else 1) * f(x) ** (n - 1) * 2,)

    power.defvjp(lambda f, x, n: (power(f, x, n), x), backward)
    subject = subject_of_jax(power, (lambda x: 2 * x, x, 3.0))
    assert list(subject.arrays) == ["x"]
    same(gradients(subject), {"x": (3 if right else 1) * 8 * x**2})
    same(subject.reference(subject.arrays, np.ones_like(x)), {"x": 24 * x**2})


@pytest.mark.parametrize("factor", [1, 2])
def test_rules_with_symbolic_zeros_are_followed(factor):
    @jax.custom_vjp
    def product(x, w):
        return x * w

    def forward(x, w):
        return x.value * w.value, (x.value, w.value, w.perturbed)

    def backward(kept, dy):
        x, w, moved = kept
        return dy * w, factor * dy * x if moved else None

    product.defvjp(forward, backward, symbolic_zeros=True)
    w = numbers(5, 3, seed=1)
    same(gradients(subject_of_jax(product, (x, w))), {"x": w, "w": factor * x})


@pytest.mark.parametrize("factor", [2, 3])
def test_a_rule_of_forward_mode_shows_as_the_slopes_along_directions(factor):
    @jax.custom_jvp
    def square(x):
        return x * x

    square.defjvp(lambda x, v: (square(*x), factor * x[0] * v[0]))
    subject = subject_of_jax(square, (x,))
    v = numbers(5, 3, seed=4)
    np.testing.assert_allclose(subject.pushforward(subject.arrays, {"x": v}), factor * x * v, 1e-5)
    same(gradients(subject), {"x": factor * x})
    same(subject.reference(subject.arrays, np.ones_like(x)), {"x": 2 * x})


def test_backward_is_the_same_in_a_batch_and_without_jit():
    subject = subject_of_jax(lambda x: cube_rule(3)(x), (x,))
    dy = numbers(5, 3, seed=5)
    assert list(subject.variants) == ["under jax.vmap", "without jax.jit"]
    for variant in subject.variants.values():
        same(variant(subject.arrays, dy, 0.0), {"x": 3 * dy * x**2})


def test_what_no_rule_is_written_for_is_called_in_one_way():
    assert subject_of_jax(jnp.sin, (x,)).variants == {}


def test_a_rule_that_is_wrong_in_a_batch_shows():
    @jax.custom_batching.custom_vmap
    def scaled(dy):
        return 2 * dy

    scaled.def_vmap(lambda size, batched, dy: (2 * dy[:1] + 0 * dy, True))  # of the first alone

    @jax.custom_vjp
    def double(x):
        return 2 * x

    double.defvjp(lambda x: (double(x), None), lambda kept, dy: (scaled(dy),))
    subject = subject_of_jax(double, (numbers(3),))
    dy = numbers(3, seed=1)
    same(gradients(subject, dy), {"x": 2 * dy})
    assert not np.allclose(subject.variants["under jax.vmap"](subject.arrays, dy, 0.0)["x"], 2 * dy)


# What must see its numbers


def test_branches_in_python_are_followed_without_jit():
    subject = subject_of_jax(lambda x: x**2 if x.sum() > 0 else -x, (np.float32([1, 2]),))
    same(gradients(subject), {"x": [2, 4]})
    same(subject.variants["under jax.vmap"](subject.arrays, np.float32([1, 0]), 0.0), {"x": [2, 0]})
    below = {"x": np.float32([-1, -2])}
    np.testing.assert_allclose(subject.forward(below), [1, 2])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rule_in_numpy_is_called_without_jit(sign):
    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    sine.defvjp(lambda x: (sine(x), x), lambda x, dy: (sign * np.cos(np.asarray(x)) * np.asarray(dy),))
    subject = subject_of_jax(sine, (x,))
    same(gradients(subject), {"x": sign * np.cos(x)})
    same(gradients(subject.precise), {"x": sign * np.cos(x)})
    same(subject.variants["under jax.vmap"](subject.arrays, np.ones_like(x), 0.0), {"x": sign * np.cos(x)})


def test_a_function_is_compiled_once_however_often_it_is_called():
    traced = []

    def f(x, W):
        traced.append(1)
        return jax.lax.scan(lambda h, x: ((y := jnp.tanh(x + h @ W)), y), jnp.zeros(2), x)[1]

    subject = subject_of_jax(f, (numbers(9, 2), numbers(2, 2)))
    gradients(subject)
    before = len(traced)
    for _ in range(20):
        gradients(subject)
    assert len(traced) == before


def test_random_numbers_of_python_are_drawn_anew_at_each_call():
    rng = np.random.default_rng(0)
    for draw in (lambda: rng.random(x.shape), lambda: float(rng.random())):
        subject = subject_of_jax(lambda x, draw=draw: x * draw(), (x,))
        assert not np.array_equal(subject.forward(subject.arrays), subject.forward(subject.arrays))
        assert not np.array_equal(gradients(subject)["x"], gradients(subject)["x"])


# Functions that differentiate inside, and second derivatives


def test_functions_may_differentiate_inside():
    def residual(t, w):  # of a network u(t) = w0 tanh(w1 t), and u'' + u
        u = lambda t: w[0] * jnp.tanh(w[1] * t)  # noqa: E731
        return jax.vmap(jax.grad(jax.grad(u)))(t) + u(t)

    t, w = numbers(4), np.float32([1.5, 0.7])
    y = np.tanh(w[1] * t)
    subject = subject_of_jax(residual, (t, w))
    np.testing.assert_allclose(subject.forward(subject.arrays), w[0] * y * (1 - 2 * w[1] ** 2 * (1 - y**2)), 1e-4)
    dw0 = (y * (1 - 2 * w[1] ** 2 * (1 - y**2))).sum()
    np.testing.assert_allclose(gradients(subject)["w"][0], dw0, 1e-4)


@pytest.mark.parametrize("wrong", [False, True])
def test_second_derivatives_are_the_gradients_of_the_gradient(wrong):
    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    hide = jax.lax.stop_gradient if wrong else jnp.asarray
    sine.defvjp(lambda x: (jnp.sin(x), x), lambda x, dy: (dy * jnp.cos(hide(x)),))
    subject = subject_of_jax(sine, (x,), order=2)
    assert list(subject.arrays) == ["x", "dy"]
    dy = subject.arrays["dy"]
    np.testing.assert_allclose(subject.forward(subject.arrays), (dy * np.cos(x)).ravel(), 1e-5)
    v = numbers(15, seed=6)
    expected = {"x": -v.reshape(5, 3) * dy * np.sin(x), "dy": v.reshape(5, 3) * np.cos(x)}
    same(subject.reference(subject.arrays, v), expected)
    same(gradients(subject, v), {**expected, "x": 0 * x} if wrong else expected)
    moved = {"x": numbers(5, 3, seed=7), "dy": 0 * x}
    slopes = (-dy * np.sin(x) * moved["x"] * (not wrong)).ravel()
    np.testing.assert_allclose(subject.pushforward(subject.arrays, moved), slopes, 1e-4, 1e-5)
    precise = subject.precise
    np.testing.assert_allclose(precise.forward(precise.arrays), (dy * np.cos(x.astype(float))).ravel(), 1e-12)


# Parts


def test_each_rule_is_a_part_at_its_real_inputs_from_the_last_to_the_first():
    right, wrong = cube_rule(3), cube_rule(2)

    def block(x):
        return wrong(x + 1)

    def f(x, w):
        return right(jax.jit(block)(right(x) * w)) + jax.nn.relu(x)

    w = numbers(5, 3, seed=1)
    subject = subject_of_jax(f, (x, w))
    parts = list(subject.parts())
    assert [part.path for part in parts] == ["cube (2nd call)", "block/cube", "cube"]
    assert {part.kind for part in parts} == {"custom_vjp"}
    inputs = [(x**3 * w + 1) ** 3, x**3 * w + 1, x]
    for part, each, factor in zip(parts, inputs, (3, 2, 3), strict=True):
        np.testing.assert_allclose(part.subject.arrays["x"], each, 1e-3, 1e-5)
        each = part.subject.arrays["x"]
        same(gradients(part.subject), {"x": factor * each**2})
        same(part.subject.reference(part.subject.arrays, np.ones_like(x)), {"x": 3 * each**2})
        precise = part.subject.precise
        assert np.array_equal(precise.arrays["x"], each)
        np.testing.assert_allclose(gradients(precise)["x"], factor * each.astype(float) ** 2)
    exact = list(subject.precise.parts())
    assert [part.path for part in exact] == [part.path for part in parts]
    assert {part.subject.arrays["x"].dtype for part in exact} == {np.dtype(float)}


@pytest.mark.parametrize("wrong", [1, 2])
def test_calls_of_one_rule_share_their_code_not_their_numbers(wrong):
    cubes = [cube_rule(3), cube_rule(3 / wrong)]
    w = numbers(4, 3, 3) / 2

    def f(x, w):
        for k in range(4):
            x = cubes[k == 2](x @ w[k])
        return x

    inputs, z = [], x
    for each in w:
        inputs.append(z @ each)
        z = inputs[-1] ** 3
    parts = list(subject_of_jax(f, (x, w)).parts())
    for k, part in enumerate(reversed(parts)):
        np.testing.assert_allclose(part.subject.arrays["x"], inputs[k], 1e-3, 1e-5)
        each = part.subject.arrays["x"].astype(float)
        factor = 3 / wrong if k == 2 else 3
        np.testing.assert_allclose(gradients(part.subject)["x"], factor * each**2, 1e-5, 1e-30)
        np.testing.assert_allclose(gradients(part.subject.precise)["x"], factor * each**2, 1e-12)


def test_a_rule_that_a_user_writes_for_a_function_of_jax_is_one():
    swish = jax.custom_vjp(jax.nn.silu)
    swish.defvjp(lambda x: (jax.nn.silu(x), x), lambda x, dy: (dy * jax.nn.sigmoid(x),))
    slope = jax.custom_jvp(jnp.sin)
    slope.defjvp(lambda primals, tangents: (jnp.sin(primals[0]), tangents[0]))
    for function, path in (swish, "silu"), (slope, "sin"):
        (part,) = subject_of_jax(lambda x, function=function: function(x + 1).sum(), (x,)).parts()
        assert part.path == path
    assert subject_of_jax(lambda x: jax.nn.relu(x).sum(), (x,)).parts is None


def test_a_package_whose_name_begins_with_jax_is_not_jax():
    source = """
@jax.custom_vjp
def cube(x):
    return x**3


cube.defvjp(lambda x: (cube(x), x), lambda x, dy: (2 * dy * x**2,))
"""
    package = {"jax": jax}
    exec(compile(source, f"{Path(jax.__file__).parent}opt/_src/powers.py", "exec"), package)
    subject = subject_of_jax(lambda x: package["cube"](x).sum(), (x,))
    assert subject.parts is not None
    assert [part.path for part in subject.parts()] == ["cube"]


def test_what_a_rule_closes_over_stays_as_it_is():
    def f(x, w):
        @jax.custom_vjp
        def times(x):
            return x * jax.lax.stop_gradient(w)

        times.defvjp(lambda x: (times(x), x), lambda x, dy: (2 * dy,))
        return times(x + 1)

    @jax.custom_gradient
    def old(x):
        return x**2, lambda dy: dy * x

    (part,) = subject_of_jax(jax.jit(lambda x: f(x, jnp.float32(3))), (x,)).parts()
    same(gradients(part.subject), {"x": np.full_like(x, 2)})
    same(part.subject.reference(part.subject.arrays, np.ones_like(x)), {"x": np.full_like(x, 3)})
    (part,) = subject_of_jax(lambda x: old(x + 1), (x,)).parts()
    assert part.path == "custom_gradient"
    same(gradients(part.subject), {"args[0]": x + 1})  # jax.custom_gradient keeps no names
    same(part.subject.reference(part.subject.arrays, np.ones_like(x)), {"args[0]": 2 * x + 2})


@pytest.mark.parametrize("sign", [1, -1])
def test_callbacks_of_numpy_are_followed(sign):
    @jax.custom_vjp
    def sine(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    def backward(x, dy):
        return (jax.pure_callback(lambda x, dy: sign * dy * np.cos(x), x, x, dy),)

    sine.defvjp(lambda x: (sine(x), x), backward)
    subject = subject_of_jax(sine, (x,))
    assert subject.reference is None
    same(gradients(subject), {"x": sign * np.cos(x)})
    same(subject.variants["under jax.vmap"](subject.arrays, np.ones_like(x), 0.0), {"x": sign * np.cos(x)})
    np.testing.assert_allclose(subject.precise.forward(subject.precise.arrays), np.sin(x.astype(float)), 1e-14)


@pytest.mark.parametrize(
    ("wrap", "path", "at"),
    [
        (lambda f: lambda x: jax.lax.scan(lambda h, a: (h + a, f(h)), jnp.zeros(3), x)[1], "scan/cube", x[:-1].sum(0)),
        (lambda f: lambda x: jax.lax.cond(x.sum() > 0, f, jnp.sin, x), "cond/cube", x),
        (lambda f: lambda x: jax.checkpoint(lambda x: f(2 * x))(x), "checkpoint/cube", 2 * x),
        (lambda f: lambda x: jax.vmap(f)(x), "cube", x),
        (lambda f: lambda x: jax.named_scope("silu")(f)(x), "silu/cube", x),
        (lambda f: lambda x: jax.lax.fori_loop(0, 3, lambda k, x: 0.5 * f(x), x), "scan/cube", None),
    ],
    ids=["scan", "cond", "checkpoint", "vmap", "scope", "loop"],
)
def test_rules_are_found_wherever_they_are_called(wrap, path, at):
    if path == "cond/cube":
        assert x.sum() > 0
    subject = subject_of_jax(wrap(cube_rule(2)), (x,))
    (part,) = subject.parts()
    assert part.path == path
    if at is not None:
        np.testing.assert_allclose(part.subject.arrays["x"], at, 1e-5)
    same(gradients(part.subject), {"x": 2 * part.subject.arrays["x"] ** 2})
    same(
        part.subject.reference(part.subject.arrays, np.ones_like(part.subject.arrays["x"])),
        {"x": 3 * part.subject.arrays["x"] ** 2},
    )


def test_the_reference_goes_into_scans_loops_and_branches():
    def f(cube):
        def whole(x):
            y = jax.lax.scan(lambda h, a: (h + a, cube(h + a)), jnp.zeros(3), x)[1]
            return jax.lax.cond(y.sum() > 0, cube, lambda y: y, y) + jax.checkpoint(cube)(x)

        return whole

    small = 0.3 * x
    subject = subject_of_jax(f(cube_rule(2)), (small,))
    dy = numbers(5, 3, seed=8)
    (expected,) = jax.vjp(f(lambda x: x**3), small)[1](dy)
    same(subject.reference(subject.arrays, dy), {"x": expected})
    assert not np.allclose(gradients(subject, dy)["x"], expected)


def test_a_rule_of_several_arguments_is_a_part_with_their_names():
    @jax.custom_vjp
    def affine(x, p):
        return x @ p["W"] + p["b"]

    def backward(kept, dy):
        x, p = kept
        return dy @ p["W"].T, {"W": 2 * x.T @ dy, "b": dy.sum(0)}

    affine.defvjp(lambda x, p: (affine(x, p), (x, p)), backward)
    (part,) = subject_of_jax(lambda x, W, b: affine(x, {"W": W, "b": b}) ** 2, (x, W, b)).parts()
    assert part.path == part.subject.name == "affine"
    same(gradients(part.subject), {"x": 5 * [W.sum(1)], "p['W']": 2 * x.sum(0)[:, None] * np.ones(2), "p['b']": [5, 5]})


def test_a_rule_inside_another_is_a_part_of_it():
    inner = cube_rule(2)

    @jax.custom_vjp
    def outer(x):
        return 2 * inner(x)

    outer.defvjp(lambda x: (outer(x), x), lambda x, dy: jax.vjp(lambda x: 2 * inner(x), x)[1](dy))
    (part,) = subject_of_jax(lambda x: outer(x + 1), (x,)).parts()
    (within,) = part.subject.parts()
    assert (part.path, within.path) == ("outer", "cube")
    assert within.subject.parts is None
    np.testing.assert_allclose(within.subject.arrays["x"], x + 1, 1e-6)


# What is refused


def test_what_cannot_be_checked_is_said_in_one_line():
    from jax.experimental import sparse

    with pytest.raises(CheckError, match=r"m is sparse \(BCOO\): check it with a dense array"):
        subject_of_jax(lambda m: m.todense(), (sparse.BCOO.fromdense(jnp.eye(3)),))
    with pytest.raises(CheckError, match="gives a sparse array"):
        subject_of_jax(lambda m: sparse.BCOO.fromdense(m, nse=3), (jnp.eye(3),))
    with pytest.raises(CheckError, match="x is a tracer of JAX: check it outside"):
        jax.grad(lambda x: subject_of_jax(jnp.sin, (x,)))(1.0)
    with pytest.raises(CheckError, match="no array of floating-point numbers"):
        subject_of_jax(lambda x: x, (np.arange(3),))
    with pytest.raises(CheckError, match="should give floating-point numbers, got an array of int32"):
        subject_of_jax(lambda x: x.argmax(), (x,))
    with pytest.raises(CheckError, match="order must be 1, the gradient, or 2, the gradient of it, got 3"):
        subject_of_jax(jnp.sin, (x,), order=3)
    with pytest.raises(CheckError, match="should give floating-point numbers, got NoneType"):
        subject_of_jax(lambda x: None, (x,))


@pytest.mark.parametrize("shift", [0, 0.01])
def test_a_fwd_that_gives_other_outputs_is_refused(shift):
    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    sine.defvjp(lambda x: (jnp.sin(x) + shift, x), lambda x, dy: (dy * jnp.cos(x),))
    if not shift:
        same(gradients(subject_of_jax(lambda x: sine(x) * 2, (x,))), {"x": 2 * np.cos(x)})
        return
    with pytest.raises(CheckError, match=r"its outputs are others, by 0\.01\d* of them: fwd must give what f gives"):
        subject_of_jax(lambda x: sine(x) * 2, (x,))


def test_errors_of_the_function_are_one_line():
    def crooked(x):
        return x.reshape(4)

    with pytest.raises(CheckError, match=r"crooked, forward: TypeError: .*reshape") as error:
        subject_of_jax(crooked, (x,))
    assert "\n" not in str(error.value)

    @jax.custom_vjp
    def f(x):
        return x * 2

    f.defvjp(lambda x: (f(x), None), lambda kept, dy: (dy[:2],))
    with pytest.raises(CheckError, match="f, backward: ValueError: ") as error:
        gradients(subject_of_jax(f, (x,)))
    assert "\n" not in str(error.value)


def test_what_a_call_gives_is_not_what_it_was_given():
    subject = subject_of_jax(lambda x: x, (x,))
    arrays = subject.copies()
    y = subject.forward(arrays)
    before = y.copy()
    arrays["x"][...] = 0
    assert np.array_equal(y, before)
    y[...] = 0


@pytest.mark.parametrize("wrong", [False, True])
def test_the_second_order_of_a_rule_inside_is_a_part(wrong):
    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    hide = jax.lax.stop_gradient if wrong else jnp.asarray
    sine.defvjp(lambda x: (jnp.sin(x), x), lambda x, dy: (dy * jnp.cos(hide(x)),))
    (part,) = subject_of_jax(lambda x: sine(2 * x) ** 2, (x,), order=2).parts()
    dy = part.subject.arrays["dy"]
    np.testing.assert_allclose(part.subject.arrays["x"], 2 * x)
    v = numbers(15, seed=6)
    expected = -v.reshape(5, 3) * dy * np.sin(2 * x) * (not wrong)
    same(gradients(part.subject, v), {"x": expected, "dy": v.reshape(5, 3) * np.cos(2 * x)})
