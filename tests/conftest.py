"""What several test modules share."""

import numpy as np
import pytest

from inkgrad.data import mnist, write_idx
from inkgrad.data.digits import IMAGES, LABELS


@pytest.fixture(scope="session")
def digits():
    return mnist()


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory, digits):
    """MNIST's four files with only its first 1,000 training and 200 test digits."""
    folder = tmp_path_factory.mktemp("small")
    for part, examples, n in ("train", digits.train, 1000), ("test", digits.test, 200):
        write_idx(folder / f"{IMAGES[part]}.gz", examples.x[:n, :, :, 0])
        write_idx(folder / LABELS[part], examples.t[:n])
    return folder


@pytest.fixture
def rng():
    return np.random.default_rng(0)
