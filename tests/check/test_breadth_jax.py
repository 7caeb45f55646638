"""Everything that JAX users bring, through check_jax: a right one passes, the same with an error is found."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inkgrad.check import check_jax


def randn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def through(factor):
    """Return x as it is, with a gradient that is off by a factor."""

    @jax.custom_vjp
    def same(x):
        return x

    same.defvjp(lambda x: (x, None), lambda _, dy: (factor * dy,))
    return same


class Pair(NamedTuple):
    mean: jax.Array
    place: jax.Array


CASES = {
    "a tuple of outputs": lambda x, t: (jnp.sin(t(x)), x.sum()),
    "a dict and None": lambda x, t: {"y": jnp.sin(t(x)), "nothing": None},
    "a named tuple with integers": lambda x, t: Pair(t(x).mean(0), x.argmax()),
    "complex inside": lambda x, t: jnp.abs(jnp.fft.fft(t(x))),
    "complex outputs": lambda x, t: jnp.fft.fft(t(x)),
    "-inf that stays": lambda x, t: jnp.where(np.tri(5, 3, dtype=bool), t(x) ** 2, -jnp.inf),
    "differentiates inside": lambda x, t: t(jax.grad(lambda z: jnp.sin(z).sum())(x)) * x,
    "ties": lambda x, t: t(jnp.concatenate([x, x], 1)).max(1),
    "one number": lambda x, t: jnp.sin(t(x)).sum(),
    "vmap": lambda x, t: jax.vmap(lambda row: jnp.sin(t(row)))(x),
    "scan": lambda x, t: jax.lax.scan(lambda c, row: (jnp.tanh(t(c) + row), c), jnp.ones(3), x),
    "a branch in Python": lambda x, t: t(x) ** 2 if x.sum() > 1e9 else t(x) ** 3,
    "random numbers of a key": lambda x, t: t(x) * jax.random.bernoulli(jax.random.key(0), 0.5, x.shape),
}


@pytest.mark.parametrize("name", CASES)
def test_functions_of_every_sort_are_right_and_found_when_wrong(name):
    f, x = CASES[name], randn(5, 3)
    report = check_jax(lambda x: f(x, through(1.0)), (x,), raises=False)
    assert report.verdict == "right", report
    assert check_jax(lambda x: f(x, through(1.05)), (x,), raises=False).verdict == "wrong"


@pytest.mark.parametrize("factor", [1.0, 1.05])
def test_trees_keywords_integers_and_flags_are_passed_through(factor):
    same = through(factor)

    def f(p, rows, double, *, scale):
        return same(p["table"])[rows] * scale * (2 if double else 1)

    report = check_jax(f, ({"table": randn(4, 3)}, np.array([0, 2, 2]), True), {"scale": randn(3)}, raises=False)
    assert report.ok == (factor == 1)
    if report.ok:
        assert [each.array for each in report.arrays] == ["p['table']", "scale"]


@pytest.mark.parametrize("factor", [2.0, 2.1])
def test_a_rule_of_forward_mode_is_checked(factor):
    @jax.custom_jvp
    def square(x):
        return x**2

    square.defjvp(lambda primals, tangents: (square(*primals), factor * primals[0] * tangents[0]))
    assert check_jax(square, (randn(5),), raises=False).ok == (factor == 2)


@pytest.mark.parametrize("sign", [1, -1])
def test_complex_arguments_are_pairs(sign):
    @jax.custom_vjp
    def square(z):
        return z**2

    square.defvjp(lambda z: (z**2, z), lambda z, dy: (sign * 2 * z * dy,))
    z = (randn(4) + 1j * randn(4, seed=1)).astype(np.complex64)
    assert check_jax(square, (z,), raises=False).ok == (sign == 1)


@pytest.mark.parametrize("declared", [True, False])
def test_a_surrogate_is_right_where_it_is_declared(declared):
    def f(x):
        return x + jax.lax.stop_gradient(jnp.round(x) - x)

    surrogate = {"x": "straight-through"} if declared else {}
    assert check_jax(f, (3 * randn(7),), surrogate=surrogate, raises=False).ok == declared


@pytest.mark.parametrize("wrong", [False, True])
def test_of_symmetric_matrices_only_the_symmetric_part_counts(wrong):
    @jax.custom_vjp
    def inverse(a):
        return jnp.linalg.inv(a)

    def bwd(i, dy):
        g = -i.T @ dy @ i.T
        return ((g + g.T) / (3 if wrong else 2),)

    inverse.defvjp(lambda a: (jnp.linalg.inv(a),) * 2, bwd)
    a = randn(4, 4)
    a = a @ a.T + 4 * np.eye(4, dtype=np.float32)
    assert check_jax(inverse, (a,), tangent={"a": "symmetric"}, raises=False).ok == (not wrong)
    assert not check_jax(inverse, (a,), raises=False).ok


@pytest.mark.parametrize("factor", [1, 1.1])
def test_forward_mode_too_is_judged_along_the_tangent(factor):
    @jax.custom_jvp
    def triangle(a):
        return jnp.tril(a) @ jnp.ones(a.shape[0])

    def jvp(primals, tangents):
        (step,) = tangents
        step = (step + step.T) / 2  # another slope than that of y, but for symmetric steps
        return triangle(*primals), factor * jnp.tril(step) @ jnp.ones(step.shape[0])

    triangle.defjvp(jvp)
    a = randn(4, 4)
    assert check_jax(triangle, (a + a.T,), tangent={"a": "symmetric"}, raises=False).ok == (factor == 1)


def test_an_output_whose_dy_never_arrives_is_called_by_its_name():
    @jax.custom_vjp
    def f(x):
        return {"h": jnp.sin(x), "sums": x.sum(axis=1)}

    f.defvjp(lambda x: (f(x), x), lambda x, dy: (dy["h"] * jnp.cos(x),))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(7, 5)), jnp.float32)
    (finding,) = check_jax(f, (x,), raises=False).findings
    assert finding.kind == "part-of-dy"
    assert "the second output, y['sums'], never arrives" in finding.message
