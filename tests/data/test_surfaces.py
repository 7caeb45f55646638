"""Points whose targets are the heights of a surface."""

import numpy as np
import pytest

from inkgrad.data import Dataset, Examples, gaussians, plane
from inkgrad.errors import DataError


@pytest.mark.parametrize("surface", [plane, gaussians])
def test_a_surface_has_points_all_over_the_square_and_heights_from_minus_one_to_one(surface):
    data = surface()
    assert (data.train.x.shape, data.train.t.shape) == ((160, 2), (160, 1))
    assert (data.test.x.shape, data.test.t.shape) == ((80, 2), (80, 1))
    assert data.labels == ()
    x, t = (np.concatenate([getattr(part, name) for part in (data.train, data.test)]) for name in "xt")
    assert x.min() > 0
    assert x.max() < 1
    assert (np.histogram2d(*x.T, bins=3, range=[(0, 1)] * 2)[0] > 10).all()
    assert t.min() < -0.8
    assert t.max() > 0.8
    assert np.abs(t).max() <= 1


def test_the_plane_is_one():
    train = plane().train
    found, *_ = np.linalg.lstsq(np.column_stack([train.x, np.ones(160)]), train.t[:, 0], rcond=None)
    np.testing.assert_allclose(found, [1, 1, -1], atol=1e-5)


def test_hills_and_hollows_lie_where_they_are_said_to():
    train, heights = gaussians().train, np.zeros(160)
    for row in range(2):
        for column in range(3):
            away = (train.x[:, 0] - (2 * column + 1) / 6) ** 2 + (train.x[:, 1] - (2 * row + 1) / 4) ** 2
            heights += (-1) ** (row + column) * np.exp(-away / (2 * 0.12**2))
    np.testing.assert_allclose(train.t[:, 0], heights, atol=1e-6)


def test_targets_without_labels_must_be_finite_numbers():
    x = np.zeros((2, 2), np.float32)
    with pytest.raises(
        DataError, match=r"training targets without labels must be rows of numbers, \(N, K\), got shape"
    ):
        Dataset(Examples(x, np.array([0, 1])), Examples(x, np.array([0, 1])), ())
    right, wrong = (Examples(x, np.array([[0.5], [last]])) for last in (1.5, np.nan))
    with pytest.raises(DataError, match="test targets must be finite numbers"):
        Dataset(right, wrong, ())


def test_labels_are_of_class_numbers_and_rows_of_numbers_are_alike_in_training_and_test():
    x = np.zeros((2, 2), np.float32)
    one, two = (Examples(x, np.zeros((2, k), np.float32)) for k in (1, 2))
    with pytest.raises(
        DataError, match=r"training targets with labels must be class numbers, \(N,\), got shape \(2, 1\)"
    ):
        Dataset(one, one, ("no", "yes"))
    with pytest.raises(DataError, match=r"training targets have shape \(1,\), test targets \(2,\); they must be alike"):
        Dataset(one, two, ())
