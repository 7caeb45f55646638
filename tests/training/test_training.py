"""Training: it learns, it repeats to the bit, it stops and goes on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest
from scipy.optimize import minimize
from support import TESTS
from support.commands import output_of
from support.wrong_layers import Scale

from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.data import Augmentation, Examples, plane, xor
from inkgrad.errors import DataError, Diverged, ModelFileError, SettingError
from inkgrad.layers import Chain, Dense, Dropout, Layer, Noise, ReLU, Sigmoid, Tanh
from inkgrad.models import MODELS
from inkgrad.optimizers import SGD, Adam, OneCycle
from inkgrad.training import Objective, Run, evaluate, evaluate_numbers, read_checkpoint, save_checkpoint, train

SMALL = Objective(Chain((Noise(0.1), Dense(4, 8), ReLU(), Dropout(0.2), Dense(8, 3))), SoftmaxCrossEntropy())
ADAM = Adam(0.02)


@pytest.fixture
def examples(rng):
    """Points in the unit cube of four dimensions; the class is the largest of the first three."""
    x = rng.random((205, 4))
    return Examples(x, np.argmax(x[:, :3], axis=1))


def trained(examples, n_epochs=3, seed=0, optimizer=ADAM):
    run = Run(SMALL, optimizer, batch_size=20, seed=seed)
    while run.epoch < n_epochs:
        for _ in run.steps(examples):
            pass
    return run


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9), Adam(0.02), Adam(OneCycle(0.05, 220))], ids=str)
def test_training_brings_the_cost_down(examples, optimizer):
    before = evaluate(SMALL, trained(examples, 0).theta, examples)
    after = evaluate(SMALL, trained(examples, 20, optimizer=optimizer).theta, examples)
    assert after.cost < 0.5 * before.cost
    assert after.accuracy > 0.85 > before.accuracy


def test_the_gradient_of_a_batch_is_the_mean_over_its_shards(examples):
    """What data-parallel training rests on."""
    objective = Objective(Chain((Dense(4, 8), Tanh(), Dense(8, 3))), SoftmaxCrossEntropy())
    theta = objective.init(np.random.default_rng(0), np.float64)
    x, t = examples.x[:12], examples.t[:12]
    _, whole = objective(theta, x, t)
    _, first = objective(theta, x[:4], t[:4])
    _, second = objective(theta, x[4:], t[4:])
    np.testing.assert_allclose(whole, (4 * first + 8 * second) / 12, rtol=1e-12)


def test_threads_share_layers_without_disturbing_each_other(rng):
    """What serving many visitors rests on."""
    objective = Objective(Chain((Dense(4, 64), ReLU(), Dropout(0.5), Dense(64, 3))), SoftmaxCrossEntropy())
    theta, t = objective.init(rng, np.float64), rng.integers(0, 3, 50)
    xs = rng.normal(size=(200, 50, 4))

    def gradient(i):
        return objective(theta, xs[i], t, np.random.default_rng(i))[1]

    alone = [gradient(i) for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(gradient, range(200)))
    np.testing.assert_array_equal(alone, together)


def test_the_same_seed_gives_the_same_bits(examples):
    np.testing.assert_array_equal(trained(examples).theta, trained(examples).theta)
    assert (trained(examples).theta != trained(examples, seed=1).theta).any()


def test_the_same_seed_gives_the_same_bits_in_another_process(examples):
    program = f"""
import sys; sys.path[:0] = {[str(TESTS), str(TESTS / "training")]!r}
import numpy as np
from test_training import trained
from inkgrad.data import Examples
x = np.random.default_rng(0).random((205, 4))
print(trained(Examples(x, np.argmax(x[:, :3], axis=1))).theta.tobytes().hex())
"""
    assert output_of(program).strip() == trained(examples).theta.tobytes().hex()


@pytest.mark.parametrize("stop_at", [0, 1, 10, 11, 12, 25, 33])  # an epoch has 11 steps
def test_a_training_goes_on_from_any_step_to_the_same_bits(tmp_path, examples, stop_at):
    run = Run(SMALL, Adam(0.02), batch_size=20)
    left = stop_at
    while left > 0:
        left -= len(list(islice(run.steps(examples), left)))
    save_checkpoint(tmp_path / "c.safetensors", run, {"word": "kept"})
    checkpoint = read_checkpoint(tmp_path / "c.safetensors")
    assert checkpoint.notes == {"word": "kept"}
    again = checkpoint.run(SMALL, Adam(0.02))
    assert (again.epoch, again.step) == (run.epoch, run.step)
    while again.epoch < 3:
        for _ in again.steps(examples):
            pass
    np.testing.assert_array_equal(again.theta, trained(examples).theta)
    np.testing.assert_array_equal(again.state["v"], trained(examples).state["v"])


def test_a_checkpoint_of_another_training_is_refused(tmp_path, examples):
    save_checkpoint(tmp_path / "c.safetensors", trained(examples, 1), {})
    checkpoint = read_checkpoint(tmp_path / "c.safetensors")
    with pytest.raises(ModelFileError, match=r"c\.safetensors is of another optimizer: .*Adam.*, not .*SGD"):
        checkpoint.run(SMALL, SGD())
    with pytest.raises(ModelFileError, match="is of another network"):
        checkpoint.run(Objective(Chain((Dense(4, 3),)), SoftmaxCrossEntropy()), Adam(0.02))
    with pytest.raises(ModelFileError, match="is of another cost"):
        checkpoint.run(Objective(SMALL.network, SquaredError()), Adam(0.02))
    with pytest.raises(ModelFileError, match=r"is of another augmentation: None, not .*shift"):
        checkpoint.run(SMALL, Adam(0.02), Augmentation(shift=1))


@pytest.mark.parametrize("lost", ["theta", "optimizer.v", "epoch", "seed"])
def test_a_checkpoint_that_lacks_a_part_is_refused(tmp_path, examples, lost):
    save_checkpoint(tmp_path / "c.safetensors", trained(examples, 1), {})
    whole = read_checkpoint(tmp_path / "c.safetensors")
    whole.tensors.pop(lost, None)
    whole.place.pop(lost, None)
    with pytest.raises(ModelFileError, match=r"c\.safetensors lacks a part of where the training stood"):
        whole.run(SMALL, Adam(0.02))


def test_a_theta_that_is_no_number_is_not_saved(tmp_path, examples):
    run = trained(examples, 1)
    run.theta[3] = np.inf
    with pytest.raises(Diverged, match="a parameter is no longer a finite number"):
        save_checkpoint(tmp_path / "c.safetensors", run, {})
    assert not list(tmp_path.iterdir())


@dataclass(frozen=True)
class Told(Layer):
    """y = x, and `told` is called with each batch and with the first number of its random stream, if any."""

    told: Callable

    def forward(self, p, x, rng=None):
        self.told(x.tolist(), None if rng is None else rng.random())
        return x, None

    def backward(self, p, g, cache, dy):
        return dy


def what_layers_are_told(examples, n_epochs):
    """Return, for each epoch, its batches and the random stream of each."""
    told = []
    run = Run(
        Objective(Chain((Told(lambda *what: told.append(what)), Dense(4, 3))), SoftmaxCrossEntropy()), SGD(0.1), 20
    )
    for _ in range(n_epochs):
        list(run.steps(examples))
    return told[: len(told) // n_epochs], told[len(told) // n_epochs :]


def test_each_epoch_has_an_order_of_its_own(examples):
    first, second = ([row for x, _ in epoch for row in x] for epoch in what_layers_are_told(examples, 2))
    assert first != second
    assert sorted(first) == sorted(second) == sorted(examples.x.astype(np.float32).tolist())


def test_layers_are_random_in_training_and_at_each_step_anew(examples):
    first = [number for epoch in what_layers_are_told(examples, 2) for _, number in epoch]
    assert len(set(first)) == 22
    shaken = Run(SMALL, SGD(0.1), batch_size=20)
    without = Objective(Chain((Dense(4, 8), ReLU(), Dense(8, 3))), SoftmaxCrossEntropy())
    calm = Run(without, SGD(0.1), batch_size=20, theta=shaken.theta)
    assert next(calm.steps(examples)).cost != next(shaken.steps(examples)).cost


def test_a_run_may_start_from_a_given_theta_in_double_precision(examples):
    theta = SMALL.init(np.random.default_rng(5), np.float64)
    run = Run(SMALL, Adam(), theta=theta)
    assert next(run.steps(examples)).theta.dtype == np.float64


def test_an_evaluation_that_is_no_number_is_said_so(examples):
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="the cost of 205 examples is nan"):
        evaluate(SMALL, np.full(SMALL.layout.size, np.nan), examples)


def test_classes_and_numbers_are_evaluated_each_by_its_own_function():
    objective = Objective(Dense(2, 1), SquaredError())
    theta = objective.init(np.random.default_rng(0))
    with pytest.raises(DataError, match="evaluate takes examples of classes, and these have numbers: take evaluate_nu"):
        evaluate(objective, theta, plane().train)
    with pytest.raises(DataError, match="evaluate_numbers takes examples of numbers, and these have classes: take eva"):
        evaluate_numbers(objective, theta, xor().train)


def test_breaking_out_of_the_loop_loses_nothing(examples):
    run = Run(SMALL, Adam(0.02), batch_size=20)
    for step in run.steps(examples):
        if step.number == 4:
            break
    assert (run.epoch, run.step) == (0, 4)
    assert int(run.state["step"]) == 4


def test_the_callers_theta_is_not_changed(examples):
    theta = SMALL.init(np.random.default_rng(0))
    before = theta.copy()
    batch = examples.x.astype(np.float32), examples.t
    steps = list(train(SMALL, theta, [batch] * 3, SGD(0.1)))
    np.testing.assert_array_equal(theta, before)
    assert [step.number for step in steps] == [1, 2, 3]


def test_a_cost_that_is_no_number_stops_the_training(examples):
    with (
        np.errstate(all="ignore"),
        pytest.raises(Diverged, match=r"no longer a number at step \d+ of epoch \d+: try a smaller learning rate"),
    ):
        trained(examples, 50, optimizer=SGD(1e20))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Run(SMALL, SGD(), batch_size=0), "at least 1 example, got a batch size of 0"),
        (lambda: Run(SMALL, SGD(), seed=-1), "a whole number of 0 or more, got -1"),
        (lambda: Run(SMALL, SGD(), seed=0.5), r"a `seed` is a whole number, got 0\.5"),
        (lambda: Run(SMALL, SGD(), seed=2**63), "a `seed` is at most 9223372036854775807, as 64 bits hold it, got 922"),
        (lambda: Run(SMALL, SGD(), seed=10**5000), r"a `seed` is at most .* got 1\.0e5000$"),
        (lambda: Run(SMALL, SGD(), batch_size=2**63), "a `batch_size` is at most 9223372036854775807"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()


def test_an_objective_is_what_scipy_minimizes():
    objective = Objective(Chain((Dense(2, 4, "glorot"), Tanh(), Dense(4, 1), Sigmoid())), CrossEntropy())
    x, t = xor().train.x.astype(float), xor().train.t[:, None].astype(float)
    found = minimize(objective, objective.init(np.random.default_rng(3), float), args=(x, t), jac=True)
    y, _ = objective.network.forward(objective.layout.views(found.x), x)
    np.testing.assert_array_equal(y.round(), t)


def test_a_users_own_layer_learns():
    objective = Objective(Chain((Scale(2),)), SquaredError())
    x = np.array([[1.0, 2], [3, 1]])
    *_, last = train(objective, np.ones(2), [(x, x * [2, -3])] * 200, SGD(0.1))
    np.testing.assert_allclose(last.theta, [2, -3], rtol=1e-6)


def test_the_seed_network_learns_mnist_in_five_epochs(digits):
    recipe = MODELS["seed"]
    objective = Objective(recipe.network(10), recipe.cost)
    run = Run(objective, SGD(recipe.lr, recipe.momentum), recipe.batch_size)
    while run.epoch < 5:
        for _ in run.steps(digits.train):
            pass
    assert evaluate(objective, run.theta, digits.test).accuracy >= 0.97
