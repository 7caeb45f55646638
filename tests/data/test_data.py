"""Data: files, the small sets, shuffling."""

import gzip
import shutil
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inkgrad.data import (
    Dataset,
    Examples,
    animals,
    as_inputs,
    batches,
    circles,
    load_data,
    mnist,
    read_digits,
    read_idx,
    spirals,
    write_idx,
    xor,
)
from inkgrad.data.digits import MNIST_FOLDER
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.errors import DataError, SettingError


@pytest.fixture
def folder(tmp_path, digits):
    """The four files, small: 50 training and 20 test digits."""
    for part, examples, n in ("train", digits.train, 50), ("test", digits.test, 20):
        write_idx(tmp_path / IMAGES[part], examples.x[:n, :, :, 0])
        write_idx(tmp_path / LABELS[part], examples.t[:n])
    return tmp_path


def test_mnist_is_what_its_makers_say(digits):
    assert digits.train.x.shape == (60000, 28, 28, 1)
    assert digits.test.x.shape == (10000, 28, 28, 1)
    assert digits.train.x.dtype == np.uint8
    assert np.bincount(digits.train.t).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert digits.train.t[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits.labels == tuple("0123456789")


def test_a_damaged_mnist_is_noticed(tmp_path, monkeypatch):
    shutil.copytree(MNIST_FOLDER, tmp_path / "mnist")
    labels = tmp_path / "mnist" / f"{LABELS['test']}.gz"
    raw = bytearray(gzip.decompress(labels.read_bytes()))
    raw[8] += 1  # one wrong label
    labels.write_bytes(gzip.compress(bytes(raw)))
    monkeypatch.setattr("inkgrad.data.digits.MNIST_FOLDER", tmp_path / "mnist")
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz differs from its checksum"):
        mnist()


@settings(deadline=None)  # writing waits for the disk
@given(hnp.arrays(st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]), hnp.array_shapes(max_dims=4, max_side=5)))
def test_an_idx_file_gives_back_what_was_written(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("idx") / "array.idx.gz"
    write_idx(path, array)
    found = read_idx(path)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_an_idx_file_is_laid_out_as_the_format_says(tmp_path):
    write_idx(tmp_path / "a.idx", np.array([[1, 2, 258]], np.int16))
    assert (tmp_path / "a.idx").read_bytes().hex(" ") == "00 00 0b 02 00 00 00 01 00 00 00 03 00 01 00 02 01 02"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not an IDX file: it begins with nothing"),
        (b"\x89PNG....", "not an IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x07\1\0\0\0\1.", "not an IDX file: it begins with 00 00 07 01"),
        (b"\0\0\x08\3\0\0\0\1", "cut off in its header of 16 bytes"),
        (b"\0\0\x08\1\0\0\0\4abc", r"should hold 12 bytes for an array of shape \(4,\), got 11"),
        (b"\0\0\x08\1\0\0\0\2abc", r"should hold 10 bytes for an array of shape \(2,\), got 11"),
        (b"\0\0\x0e\2\xff\xff\xff\xff\xff\xff\xff\xff", r"of shape \(4294967295, 4294967295\), and .* 2\^30 bytes"),
        (b"\0\0\x08\2" + b"\0\0\x40\0" * 2, r"hold 268435468 bytes .* \(16384, 16384\), got 12"),
        (b"\0\0\x08\3\0\0\0\0" + b"\xff" * 8, r"shape \(0, 4294967295, 4294967295\), and .* at most 2\^30 bytes"),
        (b"\0\0\x08\x41" + b"\0\0\0\1" * 65 + b".", "of 65 axes, and arrays have at most 64"),
        (b"\0\0\x08\xff", "of 255 axes, and arrays have at most 64"),
        (b"\0\0\x08\x40" + b"\0\0\0\1" * 64, r"shape \(1, 1, 1, 1, 1, 1, \.\.\.\), got 260: get"),
        (b"\0\0\x08\1\0\0\0\2" + b"." * 100, r"should hold 10 bytes for an array of shape \(2,\), got 11 or more"),
        (gzip.compress(b"\0\0\x08\1\0\0\0\4abcd", mtime=0)[:-6], "damaged or cut off"),
        (b"\x1f\x8bnonsense", "damaged or cut off"),
    ],
)
def test_a_file_that_is_not_idx_is_refused_by_name(tmp_path, raw, message):
    (tmp_path / "bad.idx").write_bytes(raw)
    with pytest.raises(DataError, match=r"bad\.idx.*" + message):
        read_idx(tmp_path / "bad.idx")


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("more.gz", gzip.compress(b"\0\0\x08\1\0\0\0\2" + bytes(2**25), mtime=0), "got 11 or more"),
        ("less.idx", b"\0\0\x08\1\x3f\xff\xff\xff" + bytes(1000), "should hold 1073741831 bytes"),
    ],
    ids=["more is packed than a header says", "a header says more than there is"],
)
def test_a_header_that_is_wrong_takes_no_memory(tmp_path, name, raw, message):
    (tmp_path / name).write_bytes(raw)
    tracemalloc.start()
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / name)
    most_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most_bytes < 2**22


def test_an_array_that_was_read_may_be_written_to(tmp_path):
    for dtype in np.uint8, np.int16, np.float64:
        write_idx(tmp_path / "a.idx", np.arange(3).astype(dtype))
        array = read_idx(tmp_path / "a.idx")
        array += array
        assert array.tolist() == [0, 2, 4]


def test_a_type_that_idx_lacks_is_refused(tmp_path):
    with pytest.raises(DataError, match="IDX files hold uint8, int8, int16, int32, float32, float64, got int64"):
        write_idx(tmp_path / "a.idx", np.arange(3))
    assert not list(tmp_path.iterdir())


def test_a_folder_of_four_files_is_read(folder):
    dataset = read_digits(folder)
    assert len(dataset.train) == 50
    assert len(dataset.test) == 20
    assert dataset.test.input_shape == (28, 28, 1)


def test_a_folder_without_a_file_is_refused_by_name(folder):
    (folder / LABELS["train"]).unlink()
    with pytest.raises(DataError, match=r"should hold train-labels-idx1-ubyte or train-labels-idx1-ubyte\.gz"):
        read_digits(folder)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (LABELS["train"], np.full(50, 12, np.uint8), "training label 12 at index 0 is out of range: 10 classes"),
        (LABELS["test"], np.full(20, -1, np.int8), "test label -1 at index 0 is out of range"),
        (LABELS["train"], np.zeros(49, np.uint8), "there are 50 inputs but 49 labels"),
        (LABELS["train"], np.zeros(50, np.float32), r"train-labels.* should hold whole numbers"),
        (IMAGES["train"], np.zeros((50, 784), np.uint8), r"train-images.* should hold images"),
        (IMAGES["train"], np.zeros((50, 28, 28), np.int16), r"train-images.* should hold images"),
        (IMAGES["train"], np.zeros((50, 30, 28), np.uint8), r"training inputs have shape \(30, 28, 1\), test inputs"),
        (
            IMAGES["train"],
            np.full((50, 28, 28), np.nan, np.float32),
            r"finite numbers, got nan at index \[0, 0, 0, 0\]",
        ),
        (IMAGES["train"], np.full((50, 28, 28), 255, np.float32), r"floats in \[0, 1\], got float32 from 255 to 255"),
    ],
)
def test_data_that_are_not_what_they_should_be_are_refused(folder, name, array, message):
    write_idx(folder / name, array)
    with pytest.raises(DataError, match=message) as caught:
        read_digits(folder)
    assert str(folder) in str(caught.value)


def test_no_examples_are_refused():
    with pytest.raises(DataError, match="there are no examples"):
        Examples(np.zeros((0, 2)), np.zeros(0, int))


def test_bytes_become_numbers_from_0_to_1():
    found = as_inputs(np.array([0, 51, 255], np.uint8))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([0, 0.2, 1], np.float32))


def test_an_epoch_holds_every_example_once_in_a_new_order():
    examples = Examples(np.arange(10.0)[:, None], np.arange(10))
    order = [t for _, ts in batches(examples, 3, np.random.default_rng(0)) for t in ts]
    other = [t for _, ts in batches(examples, 3, np.random.default_rng(1)) for t in ts]
    assert sorted(order) == sorted(other) == list(range(10))
    assert order != other != list(range(10))


def test_examples_are_shuffled_not_batches():
    examples = Examples(np.arange(100.0)[:, None], np.arange(100))
    epochs = [{frozenset(t.tolist()) for _, t in batches(examples, 10, np.random.default_rng(seed))} for seed in (0, 1)]
    assert not epochs[0] & epochs[1]


def test_skipped_batches_are_the_first():
    examples = Examples(np.arange(10.0)[:, None], np.arange(10))
    whole = list(batches(examples, 4, np.random.default_rng(0)))
    rest = list(batches(examples, 4, np.random.default_rng(0), skip=1))
    assert [t.tolist() for _, t in rest] == [t.tolist() for _, t in whole[1:]]
    assert [len(x) for x, _ in whole] == [4, 4, 2]


def test_xor_is_the_four_corners():
    points = xor().train
    assert [int(a) ^ int(b) for a, b in points.x] == points.t.tolist()


def test_animals_are_parted_by_a_curve_and_by_no_straight_line():
    from scipy.optimize import linprog

    dataset = animals()
    x, t = np.concatenate([dataset.train.x, dataset.test.x]), np.concatenate([dataset.train.t, dataset.test.t])
    assert len(dataset.train) == 80
    assert len(dataset.test) == 40
    assert x.min() >= 0
    assert x.max() <= 1
    distance = np.hypot(x[:, 0], 1 - x[:, 1])
    assert ((distance > 0.7) == (t == 1)).all()
    assert abs(distance - 0.7).min() > 0.0299
    sides = np.where(t == 1, -1, 1)[:, None] * np.column_stack([x, np.ones(len(x))])
    assert linprog(np.zeros(3), A_ub=sides, b_ub=-np.ones(len(x)), bounds=(None, None)).status == 2  # infeasible


def test_animals_are_the_same_every_time():
    assert animals().train.fingerprint() == animals().train.fingerprint()
    assert animals().train.fingerprint() != animals().test.fingerprint()


def both_parts(dataset):
    train, test = dataset.train, dataset.test
    return np.concatenate([train.x, test.x]), np.concatenate([train.t, test.t])


@pytest.mark.parametrize(("points", "n_train", "n_test"), [(circles, 120, 80), (spirals, 160, 80)])
def test_points_lie_in_the_unit_square_as_many_of_each_class_and_the_same_every_time(points, n_train, n_test):
    dataset = points()
    for examples, n in (dataset.train, n_train), (dataset.test, n_test):
        assert np.bincount(examples.t).tolist() == [n / 2, n / 2]
        assert examples.x.min() >= 0
        assert examples.x.max() <= 1
    assert dataset.train.fingerprint() == points().train.fingerprint() != dataset.test.fingerprint()


@pytest.mark.parametrize("points", [circles, spirals])
def test_no_straight_line_parts_circles_or_spirals(points):
    from scipy.optimize import linprog

    x, t = both_parts(points())
    sides = np.where(t == 1, -1, 1)[:, None] * np.column_stack([x, np.ones(len(x))])
    assert linprog(np.zeros(3), A_ub=sides, b_ub=-np.ones(len(x)), bounds=(None, None)).status == 2  # infeasible


def test_circles_are_a_disc_and_a_ring_about_the_middle():
    x, t = both_parts(circles())
    radius = np.hypot(*(x - 0.5).T)
    assert radius[t == 0].max() < 0.18 + 1e-6  # points are float32
    assert radius[t == 1].min() > 0.28 - 1e-6
    assert radius[t == 1].max() < 0.45 + 1e-6


def test_each_point_of_a_spiral_lies_on_its_own_arm_and_not_on_the_other():
    x, t = both_parts(spirals())
    share = np.linspace(0, 1.1, 2000)
    arm = 0.45 * share * np.exp(2j * np.pi * 1.25 * share)  # in the plane of complex numbers
    place = (x - 0.5) @ [1, 1j] * np.where(t == 0, 1, -1)  # the second is the first, turned by half
    own, other = (abs(each[:, np.newaxis] - arm).min(axis=1) for each in (place, -place))
    assert own.max() < 0.04  # 5 standard deviations of 0.008
    assert (own < other).all()


def test_classes_must_be_those_of_the_data(folder):
    with pytest.raises(DataError, match="MNIST has 10 classes, got 5: give your own data with `data`"):
        load_data(None, 5)
    with pytest.raises(DataError, match="label 9 at index 4 is out of range: 5 classes"):
        load_data(folder, 5)
    with pytest.raises(DataError, match="data have 1 to 10000 classes, got 0"):
        load_data(folder, 0)
    assert load_data(folder, 12).labels == tuple(str(k) for k in range(12))


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        read_digits(tmp_path / "nowhere")


def test_a_batch_holds_at_least_one_example():
    with pytest.raises(SettingError, match="at least 1 example, got a batch size of 0"):
        list(batches(xor().train, 0, np.random.default_rng(0)))


def test_a_label_without_a_name_is_refused():
    points = xor().train
    with pytest.raises(DataError, match="training label 1 at index 1 is out of range: 1 classes have labels 0 to 0"):
        Dataset(points, points, ("same",))


def test_examples_that_are_held_out_are_left_out_of_the_training():
    examples = Examples(np.arange(100.0)[:, None], np.arange(100))
    train, held = examples.split(0.1, seed=3)
    assert (len(train), len(held)) == (90, 10)
    assert sorted([*train.t, *held.t]) == list(range(100))
    assert (train.x[:, 0] == train.t).all()
    assert (held.t == examples.split(0.1, seed=3)[1].t).all()


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_too_few_examples_to_hold_out_are_refused(fraction):
    with pytest.raises(DataError, match="training examples holds out"):
        Examples(np.zeros((100, 1)), np.zeros(100, int)).split(fraction, seed=0)
