"""Whole numbers of any size are refused in one short line."""

import numpy as np
import pytest
from support.sweeping import plan_of

from inkgrad.check import check_layer, check_network
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Augmentation, load_data, xor
from inkgrad.errors import InkgradError
from inkgrad.fast import Fast
from inkgrad.layers import Dense
from inkgrad.metrics import reliability
from inkgrad.models import Card
from inkgrad.optimizers import SGD
from inkgrad.saving import quoted
from inkgrad.sessions import Paths, TrainingSettings, resume, start
from inkgrad.training import Plain, Shard
from inkgrad.web import serve
from inkgrad.whole_numbers import refuse_bad_batch_size, refuse_bad_seed, refuse_too_large, shown_whole

TAKERS = {
    "seed": refuse_bad_seed,
    "batch size": refuse_bad_batch_size,
    "epochs": lambda n: TrainingSettings("seed", 10, 20, 0.1, 0.5, 0, n),
    "classes": lambda n: TrainingSettings("seed", n, 20, 0.1, 0.5, 0, 1),
    "threads": Fast,
    "threads of NumPy": Plain,
    "trials": lambda n: plan_of(trials=n),
    "first rung": lambda n: plan_of(pruner="halving", first_rung=n),
    "factor": lambda n: plan_of(pruner="halving", factor=n),
    "number of a card": lambda n: Card(n_train=n),
    "shard": Shard,
    "bins": lambda n: reliability(np.array([0.5]), np.array([True]), n),
    "seed of a check": lambda n: check_layer(Dense(2, 2), np.ones((3, 2)), seed=n),
    "seed of a network's check": lambda n: check_network(
        Dense(2, 2), SoftmaxCrossEntropy(), xor().train.x, xor().train.t, seed=n
    ),
    "classes of data": lambda n: load_data(None, n),
    "learning rate": SGD,
    "momentum": lambda n: SGD(0.1, n),
    "visitors": lambda n: serve(visitors=n),
    "port": lambda n: serve(port=n),
    "shift": Augmentation,
    "grid": lambda n: Augmentation(grid=n),
}


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("taker", TAKERS.values(), ids=TAKERS)
def test_a_number_that_is_far_too_small_is_refused_in_a_short_line(taker, digits):
    with pytest.raises(InkgradError, match=rf"got .*-1\.0e{digits}\b") as caught:
        taker(-(10**digits))
    assert len(str(caught.value)) < 200


def test_one_that_is_far_too_large_is_too():
    with pytest.raises(InkgradError, match=r"as 64 bits hold it, got 1\.0e400$"):
        refuse_too_large(10**400, "epochs")


def test_a_training_that_goes_on_refuses_one_that_it_was_not_begun_with(small_folder, tmp_path):
    paths = Paths(tmp_path / "digits.safetensors")
    session = start(paths, {"model": "seed", "epochs": 1}, small_folder)
    session.save_checkpoint()
    session.lock.release()
    with pytest.raises(InkgradError, match=r"is of a training with seed=0, got -1\.0e5000: leave it out"):
        resume(paths, {"seed": -(10**5000)}, None)


def test_a_number_is_shown_whole_where_it_fits_into_the_line():
    assert shown_whole(2**256 - 1) == str(2**256 - 1)
    assert shown_whole(2**256) == "1.2e77"  # 2^256 = 1.158 × 10^77
    assert shown_whole(10**400 - 1) in ("1.0e400", "9.9e399")
    assert (shown_whole(0.5), shown_whole("7"), shown_whole(None)) == ("0.5", "'7'", "None")


def test_a_long_number_in_a_list_is_quoted_shortly():
    assert quoted([1, -(10**5000)]) == "[1, -1.0e5000]"
