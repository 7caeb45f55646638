"""CTC: held to a sum over all paths, to PyTorch, and to what it says of lines that cannot be."""

import pickle
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax
from support.catalogue import lines_and_labellings

from inkgrad.check import GradientMismatch, check_cost, check_network
from inkgrad.costs import CTC, frames_needed, line_targets
from inkgrad.data import Examples
from inkgrad.errors import CheckError, DataError, Diverged, SettingError, ShapeError
from inkgrad.layers import Layer
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Run, evaluate, train

CLOSE = {"rtol": 1e-10, "atol": 1e-12}  # float64: only the order of sums differs


def said_by(path, blank):
    """Return what a path says: runs of a class are one, and blanks go."""
    return tuple(k for k, _ in groupby(path) if k != blank)


def paths_that_say(labelling, log_q, blank):
    """Yield each path through a line that says the labelling, with the logarithm of its probability."""
    n_frames, n_classes = log_q.shape
    for path in product(range(n_classes), repeat=n_frames):
        if said_by(path, blank) == tuple(labelling):
            yield path, sum(log_q[t, k] for t, k in enumerate(path))


def by_all_paths(y, labelling, blank):
    """Return the loss of a line and its gradient, from every path there is."""
    log_q = log_softmax(y, axis=-1)
    found = list(paths_that_say(labelling, log_q, blank))
    if not found:
        return np.inf, np.zeros(y.shape)
    log_p = logsumexp([each for _, each in found])
    occupied = np.zeros(y.shape)
    for path, each in found:
        occupied[np.arange(len(path)), list(path)] += np.exp(each - log_p)
    return -log_p, softmax(y, axis=-1) - occupied


LABELLINGS = [[], [1], [2], [1, 1], [1, 2], [2, 1, 2], [1, 1, 2], [2, 2, 2], [1, 2, 1, 2, 1]]


@pytest.mark.parametrize("n_frames", range(6))
@pytest.mark.parametrize("labelling", LABELLINGS, ids=str)
def test_it_is_the_sum_over_all_paths(labelling, n_frames):
    for blank in range(3):
        classes = [blank, *(k for k in range(3) if k != blank)]
        said = [classes[k] for k in labelling]
        y = np.random.default_rng(len(labelling)).normal(0, 2, (1, 6, 3))
        t = line_targets([said], [n_frames])
        loss, gradient = by_all_paths(y[0, :n_frames], said, blank)
        value, dy = CTC(blank).value_and_gradient(y, t)
        assert value == pytest.approx(loss, rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(dy[0, :n_frames], gradient, **CLOSE)
        assert not dy[0, n_frames:].any()
        assert np.isinf(loss) == (frames_needed(t)[0] > n_frames)


def test_a_batch_without_frames_says_nothing_for_sure():
    """A network makes such a one of pictures narrower than a frame."""
    value, dy = CTC(zero_infinity=True).value_and_gradient(np.zeros((2, 0, 3)), line_targets([[], [1]], 0))
    assert value == 0
    assert dy.shape == (2, 0, 3)
    assert CTC().losses(np.zeros((2, 0, 3)), line_targets([[], [1]], 0)).tolist() == [0, np.inf]


def test_halves_are_added_up_in_float32():
    y, t = lines_and_labellings()
    halves = y.astype(np.float16)
    value, dy = CTC().value_and_gradient(halves, t)
    wanted, gradient = CTC().value_and_gradient(halves.astype(np.float64), t)
    assert value == pytest.approx(wanted, rel=1e-5)
    assert (dy.dtype, CTC().losses(halves, t).dtype) == (np.float16, np.float16)
    np.testing.assert_allclose(dy, gradient, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(CTC().losses(halves, t), CTC().losses(halves.astype(np.float64), t), rtol=1e-3)


def test_lines_of_different_length_do_not_disturb_each_other():
    y, t = lines_and_labellings()
    value, dy = CTC().value_and_gradient(y, t)
    for i, (n_frames, *labelling) in enumerate(t.tolist()):
        said = [k for k in labelling if k >= 0]
        loss, gradient = by_all_paths(y[i, :n_frames], said, 0)
        assert CTC().losses(y, t)[i] == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(dy[i, :n_frames] * 7, gradient, **CLOSE)
    assert value == pytest.approx(CTC().losses(y, t).mean(), rel=1e-12)


def random_lines(seed, n=8, n_frames=12, n_classes=5):
    """Return logits, targets and blank of random lines, some of which are too short for what they say."""
    rng = np.random.default_rng(seed)
    blank = int(rng.integers(n_classes))
    classes = [k for k in range(n_classes) if k != blank]
    labellings = [rng.choice(classes[: rng.integers(1, 5)], rng.integers(0, 9)).tolist() for _ in range(n)]
    widths = rng.integers(1, n_frames + 1, n)
    return rng.normal(0, 2, (n, n_frames, n_classes)), line_targets(labellings, widths.tolist()), blank


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_that_of_pytorch(seed, dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
    y, t, blank = random_lines(seed)
    y = y.astype(dtype)
    logits = torch.tensor(y, requires_grad=True)
    log_q, n_classes = torch.log_softmax(logits, 2).transpose(0, 1), torch.tensor((t[:, 1:] >= 0).sum(1))
    said = torch.tensor(np.maximum(t[:, 1:], 0))
    losses = torch.nn.functional.ctc_loss(log_q, said, torch.tensor(t[:, 0]), n_classes, blank, "none")
    zero_infinity = torch.nn.functional.ctc_loss(log_q, said, torch.tensor(t[:, 0]), n_classes, blank, "sum", True)
    zero_infinity.backward()
    close = {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else CLOSE
    np.testing.assert_allclose(CTC(blank).losses(y, t), losses.detach(), **close)
    value, dy = CTC(blank, zero_infinity=True).value_and_gradient(y, t)
    assert value * len(y) == pytest.approx(zero_infinity.item(), rel=1e-5)
    np.testing.assert_allclose(dy * len(y), logits.grad, **close)


def test_a_line_of_one_frame_says_one_class_or_nothing():
    y = np.array([[[1.0, 2.0, 3.0]]] * 2)
    log_q = log_softmax(y[0, 0])
    np.testing.assert_allclose(CTC().losses(y, line_targets([[2], []], 1)), -log_q[[2, 0]], rtol=1e-12)


def test_a_labelling_that_does_not_fit_costs_infinity_and_pulls_nowhere():
    y, _ = lines_and_labellings()
    t = line_targets([[1, 1], [1, 2], [1], [], [1, 1, 1], [], [1]], [2, 2, 1, 1, 4, 0, 0])
    losses = CTC().losses(y, t)
    assert np.isposinf(losses).tolist() == [True, False, False, False, True, False, True]
    assert frames_needed(t).tolist() == [3, 2, 1, 0, 5, 0, 1]
    value, dy = CTC().value_and_gradient(y, t)
    assert np.isposinf(value)
    assert not dy[np.isinf(losses)].any()
    left = np.flatnonzero(np.isfinite(losses))
    _, without = CTC().value_and_gradient(y[left], t[left])
    np.testing.assert_allclose(dy[left] * 7, without * len(left), **CLOSE)


def test_it_may_cost_nothing_instead():
    y, t = lines_and_labellings()
    t[2:4, 0] = 1
    value, dy = CTC(zero_infinity=True).value_and_gradient(y, t)
    assert value == pytest.approx(CTC().losses(y, t)[[0, 1, 4, 5, 6]].sum() / 7, rel=1e-12)
    np.testing.assert_array_equal(dy, CTC().value_and_gradient(y, t)[1])
    assert CTC(zero_infinity=True).losses(y, t)[2:4].tolist() == [0, 0]


def test_a_class_of_probability_0_costs_infinity_where_it_is_said():
    y = np.zeros((2, 4, 3))
    y[:, :, 2] = -np.inf
    value, dy = CTC().value_and_gradient(y, line_targets([[1], [2]], 4))
    assert np.isposinf(value)
    loss, gradient = by_all_paths(y[0, :, :2], [1], 0)
    assert CTC().losses(y, line_targets([[1], [2]], 4)).tolist() == [pytest.approx(loss), np.inf]
    np.testing.assert_allclose(dy[0, :, :2] * 2, gradient, **CLOSE)
    assert not dy[0, :, 2].any()
    assert not dy[1].any()


def test_a_frame_that_can_only_be_another_class_costs_infinity():
    y = np.zeros((1, 4, 3))
    y[0, 1] = [-np.inf, -np.inf, 0]
    value, dy = CTC().value_and_gradient(y, line_targets([[1]], 4))
    assert np.isposinf(value)
    assert not dy.any()


def test_frames_beyond_the_line_count_nothing_whatever_they_hold():
    y, t = lines_and_labellings()
    value, dy = CTC().value_and_gradient(y, t)
    for i, n_frames in enumerate(t[:, 0]):
        y[i, n_frames:] = [np.nan, np.inf, -np.inf] if i % 2 else [np.inf, 1, 0]
    found, their_dy = CTC().value_and_gradient(y, t)
    assert found == value
    np.testing.assert_array_equal(their_dy, dy)


def test_nan_in_a_line_that_cannot_be_is_not_hidden():
    y, t = lines_and_labellings()
    t[2, 0], y[2, 0, 1] = 1, np.nan
    for cost in CTC(), CTC(zero_infinity=True):
        assert np.isnan(cost.losses(y, t)[2])
        assert np.isnan(cost.value_and_gradient(y, t)[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_lines_of_huge_logits_are_finite(dtype):
    y = np.random.default_rng(0).normal(0, 1e4, (2, 500, 30)).astype(dtype)
    value, dy = CTC().value_and_gradient(y, line_targets([[3] * 40, list(range(1, 30)) * 5], 500))
    assert 1e5 < value < np.inf
    assert np.isfinite(dy).all()
    np.testing.assert_allclose(dy.sum(axis=2), 0, atol=1e-6)


def test_float32_loses_little_on_long_lines():
    rng = np.random.default_rng(0)
    y, t = rng.normal(0, 1, (4, 400, 30)), line_targets(rng.integers(1, 30, (4, 40)).tolist(), [400, 390, 300, 200])
    value, dy = CTC().value_and_gradient(y, t)
    found, found_dy = CTC().value_and_gradient(y.astype(np.float32), t)
    assert found == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(found_dy, dy, atol=1e-5 * np.abs(dy).max())


def test_probabilities_are_the_softmax_of_each_frame():
    y, _ = lines_and_labellings()
    np.testing.assert_allclose(CTC().probabilities(y), softmax(y, axis=-1), rtol=1e-12)


# Wrong ones, which the checker must find.


@dataclass(frozen=True)
class ForgetsTheSoftmax(CTC):
    """dy is that of the logarithms of the probabilities."""

    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        inside = np.arange(y.shape[1])[None, :, None] < t[:, 0][:, None, None]
        return value, dy - softmax(y, axis=-1) * inside / len(y)


@dataclass(frozen=True)
class SumsTheBatch(CTC):
    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return value, dy * len(y)


@dataclass(frozen=True)
class CountsTheFramesBeyond(CTC):
    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        beyond = np.arange(y.shape[1])[None, :, None] >= t[:, 0][:, None, None]
        return value, dy + softmax(y, axis=-1) * beyond / len(y)


@dataclass(frozen=True)
class ForgetsRepeats(CTC):
    """dy is that of labellings in which repeats are one."""

    def value_and_gradient(self, y, t):
        once = [[k for k, _ in groupby(row) if k >= 0] for row in t[:, 1:].tolist()]
        return super().value_and_gradient(y, t)[0], super().value_and_gradient(y, line_targets(once, t[:, 0].tolist()))[
            1
        ]


@pytest.mark.parametrize("wrong", [ForgetsTheSoftmax, SumsTheBatch, CountsTheFramesBeyond, ForgetsRepeats])
def test_the_checker_finds_a_wrong_one(wrong):
    with pytest.raises(GradientMismatch):
        check_cost(wrong(), *lines_and_labellings())


def test_the_checker_names_a_factor_of_the_batch():
    (finding,) = check_cost(SumsTheBatch(), *lines_and_labellings(), raises=False).findings
    assert (finding.kind, finding.array) == ("factor", "y")


def test_the_checker_says_what_targets_are_refused():
    y, t = lines_and_labellings()
    with pytest.raises(CheckError, match=r"CTC\(blank=0.*value_and_gradient: logits of 7 lines take targets of shape"):
        check_cost(CTC(), y, t[:3])


@dataclass(frozen=True)
class FramesOfOne(Layer):
    """y_nt = x_nt W: the same classes for each frame, x (N, T, n_in)."""

    n_in: int
    n_classes: int

    def shapes(self):
        return {"W": (self.n_in, self.n_classes)}

    def init(self, p, rng):
        p.W = rng.normal(size=p.W.shape)

    def forward(self, p, x, rng=None):
        return x @ p.W, x

    def backward(self, p, g, x, dy):
        g.W = np.einsum("nti,ntk->ik", x, dy)
        return dy @ p.W.T


def test_a_network_of_lines_is_checked_and_learns_with_it():
    network, (_, t) = FramesOfOne(4, 3), lines_and_labellings()
    x = np.random.default_rng(0).normal(size=(7, 6, 4))
    assert check_network(network, CTC(), x, t).ok
    objective = Objective(network, CTC())
    theta = objective.init(np.random.default_rng(0), float)
    first, _ = objective(theta, x, t)
    for _ in range(200):
        theta -= 0.3 * objective(theta, x, t)[1]
    assert objective(theta, x, t)[0] < 0.8 * first


TOO_SHORT = r"line 2 of the batch has 1 frames, and its labelling needs 3: leave it out, or take CTC\(.*=True\)"


def test_a_training_stops_at_a_line_that_is_too_short_and_says_so():
    _, t = lines_and_labellings()
    t[2, 0], x = 1, np.random.default_rng(0).normal(size=(7, 6, 4))
    objective = Objective(FramesOfOne(4, 3), CTC())
    with pytest.raises(Diverged, match=rf"the cost is inf at step 1: {TOO_SHORT}"):
        list(train(objective, np.zeros(12), [(x, t)], SGD(0.1)))
    run = Run(objective, SGD(0.1), batch_size=7)
    with pytest.raises(
        Diverged, match=r"at step 1 of epoch 1: line \d of the batch has 1 frames, and its labelling needs"
    ):
        list(run.steps(Examples(x, t)))
    with pytest.raises(Diverged, match=rf"the cost of 7 examples is inf: {TOO_SHORT}"):
        evaluate(objective, np.zeros(12), Examples(x, t))


def test_a_training_goes_on_where_such_lines_count_nothing_and_diverges_for_other_reasons():
    _, t = lines_and_labellings()
    t[2, 0], x = 1, np.random.default_rng(0).normal(size=(7, 6, 4))
    run = Run(Objective(FramesOfOne(4, 3), CTC(zero_infinity=True)), SGD(0.1), batch_size=3)
    assert len(list(run.steps(Examples(x, t)))) == 3
    run.theta[:] = np.nan
    with pytest.raises(Diverged, match="at step 1 of epoch 2: try a smaller learning rate"):
        list(run.steps(Examples(x, t)))


def test_what_a_training_says_comes_through_a_pickle():
    error = pickle.loads(pickle.dumps(Diverged("the cost is inf", remedy="leave it out")))
    assert (str(error), error.remedy) == ("the cost is inf: leave it out", "leave it out")


# What is refused.


def test_targets_are_the_frames_and_the_labelling():
    assert line_targets([[1, 2], [], [3]], [5, 4, 3]).tolist() == [[5, 1, 2], [4, -1, -1], [3, 3, -1]]
    assert line_targets([[], []], 7).tolist() == [[7], [7]]


@pytest.mark.parametrize(
    ("labellings", "n_frames", "message"),
    [
        ([[1], [2]], [5], r"each line has a labelling and a number of frames, got 2 labellings and 1 numbers"),
        ([[1.5]], [5], r"labellings are lists of class numbers, got \[1\.5\]"),
        ([[1, -1]], [5], r"labellings are lists of class numbers, got \[1, -1\]"),
        ([1, 2], [5, 5], r"labellings are lists of class numbers, got 1"),
        ([["a"]], [5], r"labellings are lists of class numbers, got \['a'\]"),
        ([[10**30]], [5], r"labellings are lists of class numbers, got \[10000"),
        ([[1]], [10**30], r"frames are counted in whole numbers, got 10000"),
        ([[1]], [2.5], r"frames are counted in whole numbers, got 2\.5"),
    ],
)
def test_labellings_that_make_no_targets_are_refused(labellings, n_frames, message):
    with pytest.raises(DataError, match=message):
        line_targets(labellings, n_frames)


@pytest.mark.parametrize(
    ("t", "error", "message"),
    [
        (np.ones((8, 3), int), ShapeError, r"logits of 7 lines take targets of shape \(7, M\), .* shape \(8, 3\) of"),
        (np.ones(7, int), ShapeError, r"logits of 7 lines take targets of shape \(7, M\), .* line_targets makes them"),
        (np.ones((7, 0), int), ShapeError, r"take targets of shape \(7, M\)"),
        (np.ones((7, 3)), ShapeError, r"take targets of shape \(7, M\), .* whole numbers, got .* type float64"),
        (line_targets([[3]] * 7, 6), DataError, r"classes of a labelling are 0 to 2, as there are 3 logits, got 3"),
        (np.array([[6, -2]] * 7), DataError, r"classes of a labelling are 0 to 2, .* got -2"),
        (line_targets([[1, 0, 1]] * 7, 6), DataError, r"are others than the blank of CTC\(blank=0.*, got 0"),
        (np.array([[6, 1, -1, 1]] * 7), DataError, r"-1 stands after the end of a labelling only, got 1"),
        (line_targets([[1]] * 7, 7), DataError, r"a line has 0 to 6 of the 6 frames of the logits, got 7"),
        (line_targets([[1]] * 7, -1), DataError, r"a line has 0 to 6 of the 6 frames of the logits, got -1"),
    ],
)
def test_targets_that_do_not_fit_the_lines_are_refused(t, error, message):
    y, _ = lines_and_labellings()
    for ask in CTC().value_and_gradient, CTC().losses:
        with pytest.raises(error, match=message):
            ask(y, t)


def test_logits_that_are_no_lines_are_refused():
    _, t = lines_and_labellings()
    with pytest.raises(ShapeError, match=r"takes logits of shape \(lines, frames, classes\), got \(7, 3\)"):
        CTC().value_and_gradient(np.zeros((7, 3)), t)
    with pytest.raises(ShapeError, match=r"CTC\(blank=3.*\) takes logits of more than 3 classes, got 3"):
        CTC(blank=3).value_and_gradient(np.zeros((7, 6, 3)), t)


@pytest.mark.parametrize("blank", [-1, 0.5, "0", True])
def test_a_blank_that_is_no_class_is_refused(blank):
    with pytest.raises(SettingError, match=r"the blank of CTC is a class number, 0 or more, got ") as caught:
        CTC(blank)
    assert caught.value.setting == "blank"


def test_a_zero_infinity_that_is_neither_is_refused():
    with pytest.raises(SettingError, match=r"zero_infinity of CTC is True or False, got 'no'") as caught:
        CTC(zero_infinity="no")
    assert caught.value.setting == "zero_infinity"
