"""Along random directions: slopes beside closed forms, and how seldom an error is missed, by simulation."""

from math import pi, sqrt

import numpy as np
import pytest

from inkgrad.check.measure.directions import DIRECTION_LIMITS, Point, shaken
from inkgrad.check.measure.slopes import Slope
from inkgrad.check.measure.subject import Subject

N = 100_000  # directions; a frequency is then known to 1/600
RNG = np.random.default_rng(0)
A = RNG.normal(size=(5, 4))


def point_of(f, *, unit=0.0, **arrays):
    """Return a function of arrays by name at a point; no backward is needed to see slopes."""
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    subject = Subject("f", arrays, lambda z: np.asarray(f(**z)), lambda z, dy, start: {}, unit=unit)
    return Point(subject, subject.forward(subject.copies()))


CLOSED = {  # a function of x (4,) and its Jacobian
    "linear": (lambda x: A @ x, lambda x: A),
    "tanh": (lambda x: np.tanh(A @ x), lambda x: (1 - np.tanh(A @ x) ** 2)[:, None] * A),
    "cube": (lambda x: (A @ x) ** 3, lambda x: 3 * (A @ x)[:, None] ** 2 * A),
    "waves": (lambda x: np.sin(30 * x), lambda x: np.diag(30 * np.cos(30 * x))),
    "exponentials": (lambda x: 1e5 * np.exp(3 * x), lambda x: np.diag(3e5 * np.exp(3 * x))),
    "an offset": (lambda x: 1e6 + np.tanh(x), lambda x: np.diag(1 - np.tanh(x) ** 2)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_slopes_are_those_of_the_closed_form_within_their_error_bars(name):
    f, jacobian = CLOSED[name]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=4)
        point = point_of(f, x=x)
        v = point.direction(rng, ["x"])
        found, true = point.slopes(v), jacobian(x) @ v["x"]
        assert (abs(found.middle - true) <= found.bar + 1e-14 * abs(true)).all()
        assert found.bar.max() < 1e-3 * abs(true).max()
        assert not found.broken.any()


def test_arrays_that_a_direction_leaves_out_stay():
    point = point_of(lambda x, w: x * w, x=np.arange(1.0, 4), w=np.ones(3))
    np.testing.assert_allclose(point.slopes({"w": np.array([1.0, -1, 2])}).middle, [1, -2, 6], rtol=1e-9)


def test_a_kink_on_the_way_has_two_slopes():
    found = point_of(lambda x: abs(x), x=np.array([0.0, 1.0])).slopes({"x": np.array([2.0, 3.0])})
    assert found.broken.tolist() == [True, False]
    np.testing.assert_allclose([found.low[0], found.high[0], found.middle[1]], [-2, 2, 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("array", "size"),
    [(np.full(9, 0.01), 0.01), (np.full(9, -1e-12), 1e-12), (np.full(9, 30.0), 1), (np.zeros(9), 1), (np.ones(()), 1)],
    ids=["small", "tiny", "large", "zeros", "a number"],
)
def test_entries_of_a_direction_are_normal_and_of_the_size_of_their_array(array, size):
    point, rng = point_of(lambda x: x, x=array), np.random.default_rng(1)
    drawn = np.concatenate([point.direction(rng, ["x"])["x"].ravel() for _ in range(5000)]) / size
    assert abs(drawn.mean()) < 0.06
    assert abs(drawn.std() - 1) < 0.05
    assert abs((abs(drawn) < 0.6745).mean() - 0.5) < 0.04  # half of a normal law lies within; of ±1 nothing does


@pytest.mark.parametrize("size", [1e8, 1e12, 1e20, 1e100])
def test_the_slopes_of_huge_numbers_are_not_lost_in_rounding(size):
    x = size * np.arange(1.0, 5)
    point = point_of(lambda x: A @ x, x=x)
    v = point.direction(np.random.default_rng(0), ["x"])
    found, true = point.slopes(v), A @ v["x"]
    assert (abs(found.middle - true) <= found.bar).all()
    assert found.bar.max() < 1e-4 * abs(true).max()


def test_what_backward_says_of_a_direction_is_its_product_with_the_gradient():
    point = point_of(lambda x, w: x * w, x=np.array([3.0, 4.0]), w=np.array([0.3, 0.4]))
    v = {"x": np.array([1.0, 2.0]), "w": np.array([-1.0, 1.0])}
    rates = point.rates({"x": np.array([5.0, 12.0]), "w": np.array([6.0, 8.0])}, np.array([3.0, 4.0]), v)
    assert rates.rates == {"x": 29.0, "w": 2.0}
    assert rates.sizes == pytest.approx({"x": 13.0, "w": 10 * sqrt((0.09 + 0.16) / 2)})
    assert rates.scale == 5


@pytest.mark.parametrize("size", [0.001, 1.0, 7.0])
@pytest.mark.parametrize("error", [np.array([1.0, 0, 0, 0]), np.ones(4), np.array([1.0, -1, 0.1, 0])], ids=str)
def test_an_error_of_a_gradient_is_missed_as_seldom_as_the_bound_says(error, size):
    """P <= sqrt(2/pi) bar / (s |e|), and not much less: of the density of a normal law only the middle is cut out."""
    point, rng = point_of(lambda x: A @ x, x=np.full(4, size)), np.random.default_rng(2)
    moved = np.array([error @ point.direction(rng, ["x"])["x"] for _ in range(N)])
    for bar in 0.3, 0.03:
        tau = bar * min(size, 1.0) * np.linalg.norm(error)
        bound = sqrt(2 / pi) * bar
        missed = (abs(moved) <= tau).mean()
        spread = sqrt(bound / N)
        assert bound * (1 - bar**2 / 4) - 4 * spread < missed < bound + 4 * spread


def exact(slopes, bar):
    return Slope(slopes, slopes, np.full(len(slopes), bar))


def test_a_disagreement_is_the_error_along_the_direction():
    x, rng = np.ones(4), np.random.default_rng(3)
    point, dy, error = point_of(lambda x: A @ x, x=x), rng.normal(size=5), 1e-3 * rng.normal(size=4)
    for _ in range(100):
        v = point.direction(rng, ["x"])
        found = point.disagreement(exact(A @ v["x"], 5e-4), point.rates({"x": dy @ A + error}, dy, v))
        assert found.off == pytest.approx(abs(error @ v["x"]), abs=1e-12)
        assert found.bar == pytest.approx(5e-4 * abs(dy).sum(), rel=1e-3)  # and some rounding
        assert found.is_wrong == (found.off > found.bar)


def test_no_right_gradient_disagrees_however_often_it_is_asked():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x, w = rng.normal(size=(40, 30)), rng.normal(size=(30, 20)) / 6
        point = point_of(lambda x, w: np.tanh(x @ w), x=x, w=w)
        dy, v = rng.normal(size=(40, 20)), point.direction(rng, ["x", "w"])
        dz = dy * (1 - np.tanh(x @ w) ** 2)
        found = point.disagreement(point.slopes(v), point.rates({"x": dz @ w.T, "w": x.T @ dz}, dy, v))
        assert found.is_known
        assert not found.is_wrong
        size = sqrt((dz @ w.T).var() * x.size)
        assert found.bar < 1e-6 * size


def test_between_the_slopes_of_a_kink_every_answer_passes_and_none_outside():
    point = point_of(lambda x: abs(x), x=np.zeros(1))
    slopes, dy, v = point.slopes({"x": np.ones(1)}), np.ones(1), {"x": np.ones(1)}
    for said in (-1.0, -0.4, 0.0, 1.0):
        found = point.disagreement(slopes, point.rates({"x": np.array([said])}, dy, v))
        assert not found.is_wrong
        assert found.is_kinked
    for said in (-1.01, 1.01, 3.0):
        assert point.disagreement(slopes, point.rates({"x": np.array([said])}, dy, v)).is_wrong


@pytest.mark.parametrize("said", [np.nan, np.inf])
def test_what_is_no_number_is_not_known(said):
    point = point_of(lambda x: x, x=np.ones(1))
    v = {"x": np.ones(1)}
    assert not point.disagreement(point.slopes(v), point.rates({"x": np.array([said])}, np.ones(1), v)).is_known


@pytest.mark.parametrize(("kind", "eps"), [(np.float32, 6e-8), (np.float16, 5e-4)])
def test_the_noise_of_outputs_in_a_coarse_type_is_seen_behind_float64(kind, eps):
    x = np.random.default_rng(4).normal(size=50)
    point = point_of(lambda x: np.tanh(x.astype(kind)).astype(float), x=x)
    rounding = abs(np.tanh(x.astype(kind)).astype(float) - np.tanh(x.astype(kind).astype(float)))
    assert (point.noise >= rounding).all()
    assert np.median(point.noise) > eps * 0.5
    v = point.direction(np.random.default_rng(5), ["x"])
    found = point.slopes(v)
    assert (abs(found.middle - (1 - np.tanh(x) ** 2) * v["x"]) <= found.bar).mean() > 0.95


def test_a_shaken_point_is_near_and_off_every_kink():
    arrays = {"x": np.zeros(1000), "w": np.full(1000, 1e-6)}
    subject = Subject("f", arrays, lambda z: z["x"] + z["w"], lambda z, dy, start: {"x": dy, "w": dy})
    moved = shaken(subject, 0)
    assert (moved.arrays["x"] != 0).all()
    assert 0 < abs(moved.arrays["x"]).max() < 0.01
    assert 0 < abs(moved.arrays["w"] - 1e-6).max() < 1e-8
    assert not subject.arrays["x"].any()


def test_the_direction_through_a_large_array_is_drawn_anew_and_stays_the_same():
    size = DIRECTION_LIMITS.large + 10
    point, rng = point_of(lambda x, w: x[:3] * w, x=np.full(size, 0.5), w=np.ones(3)), np.random.default_rng(0)
    v, other = point.direction(rng, ["x", "w"]), point.direction(rng, ["x", "w"])
    assert list(v) == ["x", "w"]
    assert v["x"] is not v["x"]
    np.testing.assert_array_equal(v["x"], v["x"])
    assert not np.array_equal(v["x"], other["x"])
    assert (v["x"].dtype, v["w"].dtype) == (np.float16, np.float64)
    assert abs(v["x"].std(dtype=np.float64) - 0.5) < 0.002
    found = point.slopes(v)
    np.testing.assert_allclose(found.middle, v["x"][:3] + 0.5 * v["w"], rtol=1e-6)
