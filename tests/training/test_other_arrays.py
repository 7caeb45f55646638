"""A Run trains on arrays of other libraries, to the same numbers, and may go on with NumPy's."""

from itertools import islice

import numpy as np
import pytest
from support.other_arrays import elsewhere, on_other_arrays, strict_array

from inkgrad.arrays import as_numpy
from inkgrad.costs import SoftmaxCrossEntropy, SquaredError
from inkgrad.data import Augmentation, Examples
from inkgrad.errors import SettingError
from inkgrad.fast import Fast
from inkgrad.layers import Chain, Conv2D, Dense, Dropout, Flatten, GroupNorm, MaxPool2D, Noise, ReLU
from inkgrad.optimizers import SGD, Adam, Averaged
from inkgrad.training import Objective, Plain, Run, evaluate, read_checkpoint, save_checkpoint

NETWORK = Chain(
    (Noise(0.1), Conv2D(1, 4), GroupNorm(2, 4), ReLU(), MaxPool2D(), Flatten(), Dropout(0.25), Dense(36, 3))
)
OBJECTIVE = Objective(NETWORK, SoftmaxCrossEntropy())
OPTIMIZER, BENT = Averaged(Adam(0.01)), Augmentation(shift=1)
CLOSE = {"rtol": 1e-9, "atol": 1e-11}  # float64: sums are rounded in another order, and steps pass it on


@pytest.fixture
def images(rng):
    """Images of bytes: the class is where the ink is."""
    x, t = rng.integers(0, 60, (45, 6, 6, 1)).astype(np.uint8), rng.integers(0, 3, 45)
    for image, row in zip(x, 2 * t, strict=True):
        image[row : row + 2] += 180
    return Examples(x, t)


def new_run(dtype=np.float64):
    return Run(OBJECTIVE, OPTIMIZER, batch_size=10, seed=3, dtype=dtype, augmentation=BENT, engine=Plain())


def finished(run, images, n_epochs=2):
    while run.epoch < n_epochs:
        for _ in run.steps(images):
            pass
    return run


@on_other_arrays
def test_a_run_takes_the_same_steps_on_other_arrays(images, convert):
    ours, theirs = new_run(), new_run().on_arrays(convert)
    for _ in range(2):
        for mine, other in zip(ours.steps(images), theirs.steps(images), strict=True):
            assert other.cost == pytest.approx(mine.cost, rel=1e-10)
    alike = convert(np.zeros(1))
    for mine, other in (ours.theta, theirs.theta), (ours.answer, theirs.answer), (ours.state["v"], theirs.state["v"]):
        assert (type(other), other.device) == (type(alike), alike.device)
        np.testing.assert_allclose(as_numpy(other), mine, **CLOSE)


@on_other_arrays
def test_float32_stays_float32(images, convert):
    ours, theirs = (finished(run, images) for run in (new_run(np.float32), new_run(np.float32).on_arrays(convert)))
    assert as_numpy(theirs.theta).dtype == np.float32
    np.testing.assert_allclose(as_numpy(theirs.theta), ours.theta, rtol=0, atol=1e-4)


@on_other_arrays
def test_an_evaluation_finds_the_same(images, convert):
    run = finished(new_run(), images, 4)
    images.x.flags.writeable = False  # as of a file that is mapped
    mine = evaluate(OBJECTIVE, run.answer, images, engine=Plain())
    other = evaluate(OBJECTIVE, convert(run.answer), images, engine=Plain())
    assert other.cost == pytest.approx(mine.cost, rel=1e-10)
    np.testing.assert_array_equal(other.predicted, mine.predicted)
    assert type(other.predicted) is np.ndarray


@on_other_arrays
@pytest.mark.parametrize("stop_at", [3, 5, 7])  # an epoch has 5 steps
def test_a_checkpoint_goes_on_with_either_arrays(tmp_path, images, convert, stop_at):
    run, left = new_run().on_arrays(convert), stop_at
    while left > 0:
        left -= len(list(islice(run.steps(images), left)))
    save_checkpoint(tmp_path / "c.safetensors", run, {})
    ours, theirs = (read_checkpoint(tmp_path / "c.safetensors").run(OBJECTIVE, OPTIMIZER, BENT) for _ in range(2))
    whole = as_numpy(finished(new_run().on_arrays(convert), images).theta)
    np.testing.assert_array_equal(as_numpy(finished(theirs.on_arrays(convert), images).theta), whole)
    np.testing.assert_allclose(finished(ours, images).theta, whole, **CLOSE)


class Counted:
    """An ExampleSource of two batches an epoch."""

    def __len__(self):
        return 8

    def batches(self, seed, epoch, batch_size, skip):
        rng = np.random.default_rng((seed, epoch))
        made = [(rng.normal(size=(4, 3)), rng.normal(size=(4, 2))) for _ in range(2)]
        yield from made[skip:]


@on_other_arrays
def test_what_a_source_makes_is_carried_over(convert):
    ours = Run(Objective(Dense(3, 2), SquaredError()), SGD(0.1), batch_size=4, dtype=np.float64)
    theirs = ours.on_arrays(convert)
    finished(ours, Counted()), finished(theirs, Counted())
    np.testing.assert_allclose(as_numpy(theirs.theta), ours.theta, **CLOSE)


@pytest.mark.parametrize("convert", [strict_array, elsewhere], ids=["strict", "another device"])
def test_the_fast_engine_refuses_other_arrays(images, convert):
    run = new_run().on_arrays(convert)
    run.engine = Fast(1)
    refusal = r"^Fast\(n_threads=1\) works on NumPy's arrays, got Array: for those take engine=Plain\(\)$"
    with pytest.raises(SettingError, match=refusal):
        next(run.steps(images))
    with pytest.raises(SettingError, match=refusal):
        evaluate(OBJECTIVE, run.theta, images)
