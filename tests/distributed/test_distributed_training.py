"""Training on the workers of a real Ray: the numbers of one process, whatever the number of workers."""

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Dataset, Examples
from inkgrad.distributed.training import TrainingPool, on_workers, train_together
from inkgrad.distributed.training.coordinator import WorkersLost
from inkgrad.errors import Diverged, SettingError
from inkgrad.fast import Fast
from inkgrad.layers import Chain, Dense, Flatten, Layer, ReLU
from inkgrad.optimizers import SGD, Adam
from inkgrad.sessions import Paths, resume, start
from inkgrad.training import Objective, Run, Shard, evaluate

pytestmark = [
    pytest.mark.usefixtures("local_ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Ray, by Ray
]

NETWORK = Chain((Flatten(), Dense(784, 32), ReLU(), Dense(32, 10)))


@pytest.fixture(scope="module")
def few(digits):
    """A thousand digits to train on and two hundred to test on."""
    train, test = digits.train, digits.test
    return Dataset(Examples(train.x[:1000], train.t[:1000]), Examples(test.x[:200], test.t[:200]), digits.labels)


def new_run(optimizer=None, network=NETWORK):
    return Run(
        Objective(network, SoftmaxCrossEntropy()), optimizer or Adam(0.002, beta1=0.9), batch_size=96, dtype=np.float64
    )


def epochs_of(run, few, n):
    """Train in this process; return the accuracy after each epoch."""
    accuracies = []
    for _ in range(n):
        for _ in run.steps(few.train):
            pass
        accuracies.append(evaluate(run.objective, run.theta, few.test).accuracy)
    return accuracies


@pytest.mark.parametrize("n_workers", [1, 2, 3])
def test_any_number_of_workers_finds_the_theta_of_one_process(few, n_workers):
    """55 steps; the last batch of each epoch has 40 examples, so the shards of three workers differ in size."""
    alone, together = new_run(), new_run()
    accuracies = epochs_of(alone, few, 5)
    rows = [row for news in train_together(together, few, 5, TrainingPool(n_workers)) for row in news.rows]
    assert (together.epoch, together.step) == (5, 0)
    np.testing.assert_allclose(together.theta, alone.theta, rtol=0, atol=1e-10)  # rounded in another order
    np.testing.assert_allclose(together.state["m"], alone.state["m"], rtol=0, atol=1e-10)
    assert [row["test_accuracy"] for row in rows] == accuracies
    assert [row["step"] for row in rows] == [11, 22, 33, 44, 55]


def test_workers_may_take_steps_of_their_own_between_averages(few):
    """Against two runs side by side, averaged by hand after every third step, and at the end of the epoch."""
    pool, together = TrainingPool(2, sync_every=3), new_run(SGD(0.05, 0.9))
    for _ in train_together(together, few, 2, pool):
        pass
    pair = [new_run(SGD(0.05, 0.9)) for _ in range(2)]
    for i, run in enumerate(pair):
        run.shard = Shard(i, 2)
    for _ in range(2):
        for step, _ in enumerate(zip(*(run.steps(few.train) for run in pair), strict=True), start=1):
            if step % 3 == 0 or step == 11:
                theta, v = (
                    np.mean(each, axis=0) for each in zip(*((r.theta, r.state["v"]) for r in pair), strict=True)
                )
                for run in pair:
                    run.theta[:], run.state["v"][:] = theta, v
    np.testing.assert_allclose(together.theta, pair[0].theta, rtol=0, atol=1e-12)
    assert evaluate(together.objective, together.theta, few.test).accuracy > 0.7


def test_a_cost_that_is_no_number_ends_it_on_all_workers(few):
    with pytest.raises(Diverged, match=r"no longer a number at step \d+ of epoch 1: try a smaller learning rate"):
        list(train_together(new_run(SGD(1e200)), few, 1, TrainingPool(2)))


def test_what_fails_while_the_workers_stop_is_told(few, tmp_path):
    """Or the stop would look clean, with the steps since the last checkpoint gone."""
    is_asked, rows = tmp_path / "is asked to stop", []

    @dataclass(frozen=True)
    class FailsOnceAsked(Layer):
        def forward(self, p, x, rng=None):
            if is_asked.exists():
                raise Diverged("it failed", "it was asked to stop")
            return x, None

        def backward(self, p, g, cache, dy):
            return dy

    def stop():
        if rows:
            is_asked.touch()
        return bool(rows)

    run = new_run(network=Chain((NETWORK, FailsOnceAsked())))
    with pytest.raises(Diverged, match="it was asked to stop"):
        rows.extend(row for news in train_together(run, few, 10_000, TrainingPool(2), stop) for row in news.rows)


@dataclass(frozen=True)
class Unknown(Layer):
    """A layer in a file that the workers cannot import."""

    def forward(self, p, x, rng=None):
        return x, None

    def backward(self, p, g, cache, dy):
        return dy


def test_workers_that_always_fail_end_it_with_what_they_said(few):
    """Or the workers were started again for ever."""
    run, told = new_run(network=Chain((NETWORK, Unknown()))), []
    with pytest.raises(
        WorkersLost, match=r"5 times in a row before a checkpoint; the last of them: .*[Nn]o module named"
    ):
        told.extend(train_together(run, few, 1, TrainingPool(1)))
    deaths = [news.death for news in told if news.death]
    assert len(deaths) == 4  # each is told once
    assert all("o module named" in death for death in deaths)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_workers": 0}, "at least 1 worker, got n_workers=0"),
        ({"n_workers": 2, "sync_every": 0}, "after 1 step or more, got sync_every=0"),
    ],
)
def test_a_pool_without_workers_or_steps_is_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        TrainingPool(**settings)


def test_more_workers_than_examples_in_a_batch_are_refused(few):
    with pytest.raises(SettingError, match="each of 97 workers needs an example of every batch, and a batch has 96"):
        next(train_together(new_run(), few, 1, TrainingPool(97)))


ONE = Fast(1)
GIVEN = {"model": "seed", "epochs": 2, "batch_size": 50}


def test_a_training_goes_on_from_one_process_to_workers_and_back(tmp_path, small_folder):
    """40 steps: 7 in this process, some on 2 workers, the others on 3."""
    whole = start(Paths(tmp_path / "whole.safetensors"), GIVEN, small_folder)
    for _ in whole.steps():
        pass
    paths = Paths(tmp_path / "parts.safetensors")
    first = start(paths, GIVEN, small_folder)
    with closing(first.steps()) as steps:
        for _ in range(7):
            next(steps)
        first.save_checkpoint()
    second = resume(paths, {}, small_folder, ONE)
    with on_workers(second, TrainingPool(2), None, lambda: second.steps_done > 7) as stepper:
        for _ in second.steps(stepper):
            pass
    assert 7 < second.steps_done <= 40
    third = resume(paths, {}, small_folder, ONE)
    assert third.steps_done == second.steps_done
    with on_workers(third, TrainingPool(3), None, lambda: False) as stepper:
        for _ in third.steps(stepper):
            pass
    assert [row["step"] for row in third.rows] == [row["step"] for row in whole.rows] == [20, 40]
    np.testing.assert_allclose(third.run.theta, whole.run.theta, atol=1e-5)  # float32
    for one, other in zip(third.rows, whole.rows, strict=True):
        assert one["cost"] == pytest.approx(other["cost"], abs=1e-5)
        assert one["test_accuracy"] == other["test_accuracy"]
    assert resume(paths, {}, small_folder).run.epoch == 2


@pytest.fixture
def half_a_checkpoint():
    """Yield what lets this process write no more than 300,000 bytes to a file, as if the disk were full."""
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_ends_it_and_leaves_the_checkpoint_before(tmp_path, small_folder, half_a_checkpoint):
    paths = Paths(tmp_path / "model.safetensors")
    session = start(paths, GIVEN, small_folder, engine=ONE)
    with on_workers(session, TrainingPool(2), None, lambda: False) as stepper, closing(session.steps(stepper)) as steps:
        next(steps)
        half_a_checkpoint()
        with pytest.raises(OSError, match="File too large"):
            list(steps)
    assert resume(paths, {}, small_folder).steps_done == 0
    assert not list(tmp_path.glob("*.part"))
