"""Shards of batches: what several workers find together is what one finds.  Here they are threads."""

import threading

import numpy as np
import pytest

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Augmentation, Examples
from inkgrad.errors import SettingError
from inkgrad.fast import Fast, kernels
from inkgrad.layers import Chain, Dense, Dropout, Flatten, ReLU
from inkgrad.optimizers import SGD, Adam, Averaged
from inkgrad.training import Objective, Plain, Run, Shard

NETWORK = Chain((Flatten(), Dense(784, 20), ReLU(), Dense(20, 10)))


def examples(digits, n):
    return Examples(digits.train.x[:n], digits.train.t[:n])


class Meeting:
    """Threads that average as workers do: an independent, slow way."""

    def __init__(self, n):
        self.barrier, self.found = threading.Barrier(n, timeout=60), [None] * n

    def average(self, index):
        def average(cost, gradient, weight):
            self.found[index] = cost * weight, gradient * weight
            self.barrier.wait()
            cost, gradient[:] = (sum(parts) for parts in zip(*self.found, strict=True))
            self.barrier.wait()
            return cost

        return average


def trained(digits, n_workers, n_examples=103, epochs=10, **settings):
    """Return the runs of n workers in threads, each over its shards of every batch; 11 steps an epoch."""
    meeting, data = Meeting(n_workers), examples(digits, n_examples)
    shards = [Shard(i, n_workers, meeting.average(i)) for i in range(n_workers)]
    usual = {"optimizer": Averaged(Adam(0.002)), "batch_size": 10, "dtype": np.float64}
    objective = Objective(settings.pop("network", NETWORK), SoftmaxCrossEntropy())
    runs = [Run(objective, shard=shard, **usual | settings) for shard in shards]

    def go(run):
        for _ in range(epochs):
            for _ in run.steps(data):
                pass

    threads = [threading.Thread(target=go, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return runs


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"engine": Plain()}, id="plain"),
        pytest.param({"engine": Fast(1)}, id="fast"),
        pytest.param(
            {"augmentation": Augmentation(shift=1, elastic=1)},
            id="changed",
            marks=pytest.mark.skipif(kernels.compiled is None, reason="plain warps are products in float32"),
        ),
    ],
)
@pytest.mark.parametrize("n_workers", [2, 3, 7])
def test_workers_with_shards_find_the_theta_of_one_without(digits, n_workers, settings):
    """The last batch has 3 examples, so of 7 workers some have none of it.

    (Products in float32 are rounded by BLAS in another way for another number of images.)
    """
    run = Run(Objective(NETWORK, SoftmaxCrossEntropy()), Averaged(Adam(0.002)), 10, dtype=np.float64, **settings)
    for _ in range(10):
        for _ in run.steps(examples(digits, 103)):
            pass
    together = trained(digits, n_workers, **settings)
    for each in together:
        np.testing.assert_array_equal(each.theta, together[0].theta)
        np.testing.assert_allclose(each.theta, run.theta, rtol=0, atol=1e-10)  # sums are rounded in another order
        np.testing.assert_allclose(each.state["average"], run.state["average"], rtol=0, atol=1e-10)


def test_a_forgotten_weight_would_be_seen(digits):
    """The mean of the shards' means is another gradient where shards differ in size."""
    run = Run(Objective(NETWORK, SoftmaxCrossEntropy()), SGD(0.1), 10, dtype=np.float64)
    _, whole = run.objective(run.theta, *batch(digits, slice(0, 10)))
    parts = [run.objective(run.theta, *batch(digits, Shard(i, 3).of(10)))[1] for i in range(3)]
    assert np.abs(np.mean(parts, axis=0) - whole).max() > 1e-4
    np.testing.assert_allclose(0.3 * parts[0] + 0.3 * parts[1] + 0.4 * parts[2], whole, atol=1e-14)


def batch(digits, part):
    return digits.train.x[:10][part] / 255.0, digits.train.t[:10][part]


@pytest.mark.parametrize("n", [1, 2, 5, 64])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_all_of_a_batch_and_alike_in_size(n, count):
    parts = [list(range(n))[Shard(i, count).of(n)] for i in range(count)]
    assert [place for part in parts for place in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(("index", "count"), [(-1, 2), (2, 2), (0, 0)])
def test_a_shard_out_of_range_is_refused(index, count):
    with pytest.raises(SettingError, match=f"a shard's index is from 0 to {count - 1}, got {index}"):
        Shard(index, count)


def test_each_worker_drops_other_numbers(digits):
    """With one mask for all, the workers' dropout would be less random than one worker's."""
    dropping = Chain((Flatten(), Dropout(0.5), Dense(784, 10)))
    settings = {"network": dropping, "n_examples": 10, "epochs": 1, "optimizer": SGD(0.1), "engine": Plain()}
    whole, same = trained(digits, 1, **settings)[0], trained(digits, 2, **settings)[0]
    assert np.abs(whole.theta - same.theta).max() > 1e-3
