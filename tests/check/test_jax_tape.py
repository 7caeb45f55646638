"""A forward of JAX taken apart: its gradient beside jax.vjp, and its primitives in NumPy beside JAX's own."""

from inspect import signature

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

from inkgrad.check.jax_primitives import NUMPY  # noqa: E402
from inkgrad.check.jax_subject import subject_of_jax  # noqa: E402
from inkgrad.check.tape import TapeError  # noqa: E402

RNG = np.random.default_rng(0)
X, W, H = (  # the same in 32 bits
    RNG.normal(size=shape).astype(np.float32).astype(np.float64) for shape in ((3, 4), (4, 2), (2,))
)
P = abs(X) + 0.5
K = RNG.integers(1, 9, (3, 4)).astype(np.int32)


# By the name of a primitive what makes one, and of what
MAKERS = {
    **{name: (getattr(lax, name), (X, P), (K, K[::-1])) for name in ("add", "sub", "mul", "div", "max", "min")},
    **{name: (getattr(lax, name), (X, X.round()), (K, K[::-1])) for name in ("gt", "lt", "ge", "le", "eq", "ne")},
    **{name: (getattr(lax, name), (X,), (-K,)) for name in ("neg", "abs", "sign", "square")},
    **{name: (getattr(lax, name), (X,)) for name in ("exp", "tanh", "sin", "cos", "expm1", "floor", "is_finite")},
    **{name: (getattr(lax, name), (X,)) for name in ("sinh", "cosh", "tan", "logistic")},
    **{name: (getattr(lax, name), (P,)) for name in ("log", "sqrt", "log1p", "rsqrt")},
    **{"pow": (lax.pow, (P, X)), "atan2": (lax.atan2, (X, P)), "integer_pow": (lambda x: x**-3, (P,))},
    "and": (lax.bitwise_and, (X > 0, P > 1), (K, K[::-1])),
    "or": (lax.bitwise_or, (X > 0, P > 1), (K, K[::-1])),
    "not": (lax.bitwise_not, (X > 0,), (K,)),
    "clamp": (lax.clamp, (np.full((3, 4), -0.5), X, np.full((3, 4), 0.5))),
    "copy": (jnp.copy, (X,), (K,)),
    "convert_element_type": (lambda x: lax.convert_element_type(x, np.int32), (3 * X,), (X > 0,)),
    "broadcast_in_dim": (lambda x: lax.broadcast_in_dim(x, (2, 3, 5, 4), (1, 3)), (X,)),
    "dot_general": (
        lambda a, b: lax.dot_general(a, b, (((2,), (1,)), ((0,), (2,)))),
        (RNG.normal(size=(2, 3, 4)), RNG.normal(size=(5, 4, 2))),
    ),
    "dot_general of vectors": (lambda a, b: lax.dot(a, b), (X[0], P[1])),
    "dot_general of batches": (
        lambda a, b: lax.dot_general(a, b, (((1,), (1,)), ((0,), (0,)))),
        (X, P),
    ),
    "slice": (lambda x: lax.slice(x, (0, 1), (3, 4), (2, 1)), (X,)),
    "select_n": (lax.select_n, (X > 0, X, P), (np.array(False), X, P), (K % 3, X, P, X + P)),
    "reshape": (lambda x: lax.reshape(x, (2, 6)), (X,)),
    "transpose": (lambda x: lax.transpose(x, (1, 0)), (X,)),
    "squeeze": (lambda x: lax.squeeze(x, (0, 2)), (X[None, :, None],)),
    "concatenate": (lambda a, b: lax.concatenate([a, b], 1), (X, P)),
    "rev": (lambda x: lax.rev(x, (1,)), (X,)),
    **{name: (lambda x, n=name: getattr(lax, n)(x, [0]), (X,), (K,)) for name in ("reduce_sum", "reduce_max")},
    **{name: (lambda x, n=name: getattr(lax, n)(x, [0, 1]), (X,), (K,)) for name in ("reduce_min", "reduce_prod")},
    "reduce_and": (lambda x: lax.reduce_and(x, [1]), (X > -1,), (K,)),
    "reduce_or": (lambda x: lax.reduce_or(x, [1]), (X > 1,), (K,)),
    "cumsum": (lambda x: lax.cumsum(x, 1, reverse=True), (X,), (K,)),
    "cumprod": (lambda x: lax.cumprod(x, 0), (X,), (K,)),
}
CASES = [(name, k) for name, (_, *given) in MAKERS.items() for k in range(len(given))]
NO_PRIMITIVES = {"add_any", "stop_gradient", "copy_p", "expand_dims"}  # or such as no function of a user's makes


def test_each_primitive_in_numpy_is_looked_at():
    assert NUMPY.keys() - NO_PRIMITIVES == {name.partition(" ")[0] for name in MAKERS}


@pytest.mark.parametrize(("name", "k"), CASES)
def test_a_primitive_in_numpy_is_that_of_jax(name, k):
    make, *given = MAKERS[name]
    name = name.partition(" ")[0]
    with jax.enable_x64(True):
        arrays = [jnp.asarray(each) for each in given[k]]
        closed = jax.make_jaxpr(make)(*arrays)
        (equation,) = [each for each in closed.jaxpr.eqns if each.primitive.name == name]
        assert len(equation.invars) == len(arrays)
        wanted = np.asarray(make(*arrays))
    found = NUMPY[name](*map(np.asarray, arrays), **equation.params)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


# Whole functions


def scanned(x, w, h):
    def step(h, xt):
        h = jnp.tanh(h + xt @ w)
        return h, (h**2, xt[0] * h)

    last, (ys, zs) = lax.scan(step, h, x)
    return last, ys, zs


def scanned_back(x, w, h):
    def step(h, inputs):
        t, xt = inputs
        return h * 0.5 + jnp.sin(xt @ w) * t, h * xt[0]

    return lax.scan(step, h, (jnp.arange(len(x)), x), reverse=True)


def while_small(x):
    return lax.while_loop(lambda x: jnp.sum(x * x) > 0.5, lambda x: x * jnp.cos(x) * 0.7, x)


def looped(x, w):
    return lax.fori_loop(0, 3, lambda k, y: jnp.tanh(y) + x[k] @ w * k, jnp.zeros(2))


def branched(x):
    y = lax.cond(x[0, 0] > 0, lambda x: x**2, jnp.exp, x)
    return lax.switch(2, [jnp.sin, jnp.cos, lambda y: y * x], y)


@jax.custom_vjp
def swish(x):
    return x * jax.nn.sigmoid(x)


def swish_back(x, dy):
    s = jax.nn.sigmoid(x)
    return (dy * (s + x * s * (1 - s)),)


swish.defvjp(lambda x: (swish(x), x), swish_back)


@jax.custom_jvp
def softplus(x):
    return jnp.log1p(jnp.exp(x))


softplus.defjvp(lambda x, dx: (softplus(*x), jax.nn.sigmoid(x[0]) * dx[0]))


def with_rules(x, w):
    return softplus(swish(x) @ w) * swish(w[0])


@jax.jit
def inner(x, w):
    return jax.nn.gelu(x @ w) + jax.nn.relu(x[:, :2])


def in_python_loops(x, w):
    y = jnp.zeros((3, 2))
    for i in range(3):
        for j in range(2):
            y = y.at[i, j].set(inner(x, w)[i, j] ** 2)
    return y.at[0].add(w[1])


def normalised(x):
    z = (x - x.mean(1, keepdims=True)) / jnp.sqrt(x.var(1, keepdims=True) + 1e-5)
    return jax.nn.softmax(z, axis=-1), jax.nn.logsumexp(z), jnp.sort(z, axis=1)[:, 1:], jnp.linalg.norm(x, axis=0)


def attention(x, w):
    q, k = x @ w, jnp.tanh(x) @ w
    scores = jnp.where(jnp.tri(3) > 0, jnp.einsum("id,jd->ij", q, k), -1e30)
    return {"y": jax.nn.softmax(scores) @ x, "scores": scores[:, 0]}


def convolved(x):
    return lax.conv_general_dilated(x[None, None], X[None, None, :2, :2], (1, 1), "SAME")


def row_by_row(x):
    return lax.map(lambda row: jnp.tanh(row) @ row, x), lax.associative_scan(jnp.multiply, x)


def with_constants(x):
    fading = lax.fori_loop(0, 5000, lambda k, c: c * 0.999 + 1e-3, jnp.ones(4, x.dtype))
    return x * fading


def nested(x):
    def inside(d, u):
        return jnp.sin(d) * u + 1, d

    return lax.scan(lambda c, t: (lax.scan(inside, c, x[:, 0] * t)[0], c), x, jnp.arange(2.0).astype(x.dtype))


def with_chance(x):
    return jnp.where(jax.random.uniform(jax.random.key(0), x.shape, jnp.float32) < 0.7, x**2, 0.0)


def remembered(x, w):
    return jax.checkpoint(lambda x: jnp.sin(x @ w) ** 2)(x) + jax.vmap(lambda row: row[:2] * row[2])(x)


def indexed(x, w):
    ids = jnp.array([0, 2, 0])
    return w[ids] * x[ids, 1:2], jnp.take_along_axis(x, jnp.argmax(x, 1)[:, None], 1), x[jnp.arange(3) // 2]


def spectra(x):
    spectrum = jnp.fft.rfft(x, 6)
    return jnp.abs(spectrum), jnp.fft.irfft(spectrum * jnp.conj(spectrum), 6), (jnp.exp(1j * x) * spectrum[:, :1]).real


FUNCTIONS = {
    "spectra": (spectra, X),
    "scan": (scanned, X, W, H),
    "scan back": (scanned_back, X, W, H),
    "fori": (looped, X, W),
    "cond": (branched, X),
    "rules": (with_rules, X, W),
    "python loops": (in_python_loops, X, W),
    "normalised": (normalised, X),
    "attention": (attention, X, W),
    "convolution": (convolved, X),
    "chance": (with_chance, X),
    "row by row": (row_by_row, X),
    "constants": (with_constants, X),
    "nested": (nested, X),
    "remembered": (remembered, X, W),
    "indexed": (indexed, X, W),
}


def taken_apart(f, *arrays):
    """Return the tape of a function, in float64 also where JAX has 32 bits."""
    subject = subject_of_jax(f, arrays)
    subject = subject.precise or subject
    return subject.unfold(subject.copies())


def row_of(tree):
    return jnp.concatenate([jnp.ravel(each) for each in jax.tree.leaves(tree)])


SLOW = "rules", "python loops", "normalised", "attention", "indexed"  # to be compiled


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in FUNCTIONS])
def test_the_gradient_of_a_tape_is_that_of_jax(name):
    f, *arrays = FUNCTIONS[name]
    tape = taken_apart(f, *arrays)
    y = np.concatenate([tape.values[k].ravel() for k in tape.outputs])
    dy = np.random.default_rng(1).normal(size=y.size)
    with jax.enable_x64(True):
        wanted_y, pull = jax.vjp(lambda *arrays: row_of(f(*arrays)), *map(jnp.asarray, arrays))
        wanted = [np.asarray(each) for each in pull(jnp.asarray(dy))]
    np.testing.assert_allclose(y, wanted_y, rtol=1e-9, atol=1e-12)
    found = tape.gradients(tape.back(dy))
    for name, each in zip(signature(f).parameters, wanted, strict=True):
        mine = found[name]
        np.testing.assert_allclose(mine, each, rtol=1e-6, atol=1e-6 * abs(each).max())


def test_of_a_loop_that_ends_by_its_numbers_the_gradient_is_that_of_forward_mode():
    tape = taken_apart(while_small, X)
    dy = np.random.default_rng(1).normal(size=X.shape)
    with jax.enable_x64(True):
        jacobian = np.asarray(jax.jacfwd(while_small)(jnp.asarray(X)))
    wanted = np.einsum("ij,ijkl->kl", dy, jacobian)
    np.testing.assert_allclose(tape.gradients(tape.back(dy))["x"], wanted, rtol=1e-6)


def test_operations_stand_in_the_users_lines_the_same_in_each_turn():
    steps = [each for each in taken_apart(scanned, X, W, H).steps if each.operation == "tanh"]
    assert [each.place.statement for each in steps] == ["h = jnp.tanh(h + xt @ w)"] * 3
    assert len({each.place.key for each in steps}) == 1


def test_whether_there_are_64_bits_stays_as_it_was():
    before = jax.config.jax_enable_x64
    taken_apart(with_rules, X, W)
    assert jax.config.jax_enable_x64 == before


def test_a_loop_of_many_turns_is_not_taken_apart():
    with pytest.raises(TapeError):
        taken_apart(lambda x: lax.fori_loop(0, 5000, lambda k, x: x * 0.999, x), X)
