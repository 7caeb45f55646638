"""Points in the plane that are moved, and parted into those to learn from and those to test."""

import numpy as np

from inkgrad.data import Examples, circles
from inkgrad.data.points import moved, parted


def test_points_are_moved_by_so_much_and_stay_in_the_square():
    middle = Examples(np.full((20_000, 2), 0.5, np.float32), np.zeros(20_000, int))
    near, far = (moved(middle, noise, np.random.default_rng(0)).x for noise in (0.1, 5))
    assert abs(near.std() - 0.1) < 0.002
    assert near.dtype == np.float32
    assert far.min() >= 0
    assert far.max() <= 1


def test_a_point_at_an_edge_is_moved_into_the_square_as_far_as_out_of_it():
    corner = Examples(np.ones((20_000, 2)), np.zeros(20_000, int))
    x = moved(corner, 0.1, np.random.default_rng(0)).x
    assert (x < 1).all()
    assert abs(np.sqrt(((1 - x) ** 2).mean()) - 0.1) < 0.002


def test_a_share_of_each_class_is_learned_from():
    train, test = parted(circles().train, 0.9)
    assert np.bincount(train.t).tolist() == [54, 54]
    assert np.bincount(test.t).tolist() == [6, 6]
    whole = {tuple(x) for x in circles().train.x.tolist()}
    assert {tuple(x) for x in [*train.x.tolist(), *test.x.tolist()]} == whole


def test_one_more_point_moves_no_other_to_the_other_side():
    examples = circles().train
    before, after = (parted(Examples(examples.x[:n], examples.t[:n]), 0.7) for n in (50, 51))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.x, other.x[: len(one)])


def test_where_targets_are_numbers_a_share_of_all_is_learned_from():
    numbers = Examples(np.linspace(0, 1, 20).reshape(10, 2), np.linspace(-1, 1, 10)[:, np.newaxis])
    train, test = parted(numbers, 0.8)
    assert test.t[:, 0].tolist() == numbers.t[[4, 9], 0].tolist()
    assert len(train) == 8


def test_where_no_class_has_enough_the_test_is_the_training():
    few = Examples(np.zeros((4, 2)), np.array([0, 0, 1, 1]))
    train, test = parted(few, 0.75)
    assert train is test
    assert len(train) == 4
