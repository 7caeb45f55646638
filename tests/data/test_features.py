"""Features of points in the plane."""

import numpy as np
import pytest

from inkgrad.data.features import FEATURES, features
from inkgrad.errors import SettingError


def test_each_feature_is_what_its_name_says():
    x, y = 0.25, 0.5
    found = dict(zip(FEATURES, features(np.array([[x, y]]), tuple(FEATURES))[0], strict=True))
    expected = {"x1": x, "x2": y, "x1x1": 0.0625, "x2x2": 0.25, "x1x2": 0.125, "sin1": 1, "sin2": 0}
    assert found == pytest.approx(expected, abs=1e-15)


def test_the_columns_come_in_the_order_of_the_names_and_keep_the_type():
    points = np.array([[0.25, 0.5], [0, 1]], np.float32)
    found = features(points, ("x2", "x1"))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, points[:, ::-1])


@pytest.mark.parametrize("names", [(), ("x1", "x1"), ("x3",)], ids=str)
def test_what_is_no_list_of_features_is_refused(names):
    with pytest.raises(SettingError, match=r"features are one or more of x1, .*, each once, got \("):
        features(np.zeros((1, 2)), names)
