"""MNIST: 70,000 handwritten digits, and any data in the same four files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from inkgrad.data.examples import Dataset, Examples
from inkgrad.data.idx import read_idx
from inkgrad.errors import DataError
from inkgrad.whole_numbers import shown_whole

MNIST_FOLDER = Path(__file__).parent / "mnist"
IMAGES = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
LABELS = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}


def mnist() -> Dataset:
    """Return MNIST as shipped with the package: 60,000 training and 10,000 test images of 28 × 28 pixels.

    The labels are "0" to "9".

    Raises DataError if a file differs from its checksum.
    """
    lines = [line.split() for line in (MNIST_FOLDER / "SHA256SUMS").read_text().splitlines()]
    return read_digits(MNIST_FOLDER, checksums={name: checksum for checksum, name in lines})


def load_data(folder: str | os.PathLike[str] | None, n_classes: int | None = None) -> Dataset:
    """Return the data in a folder, 10 classes unless told otherwise; without a folder, MNIST.

    Raises DataError when they are not what they should be, or MNIST should have other than 10 classes.
    """
    if folder is not None:
        return read_digits(folder, 10 if n_classes is None else n_classes)
    if n_classes not in (None, 10):
        raise DataError(
            f"MNIST has 10 classes, got {shown_whole(n_classes)}: give your own data with `folder`", setting="folder"
        )
    return mnist()


def read_digits(
    folder: str | os.PathLike[str], n_classes: int = 10, checksums: dict[str, str] | None = None
) -> Dataset:
    """Return the data in the four IDX files of `folder`, named as MNIST's are, gzipped or not.

    So come Fashion-MNIST, EMNIST, KMNIST, and yours if you write it with write_idx.  Images are
    uint8 in 0..255 or floats in [0, 1], labels are 0 to n_classes - 1.

    Raises DataError, naming the file, when one is missing, damaged, or not what it should be.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    if not 1 <= n_classes <= 10_000:
        raise DataError(f"data have 1 to 10000 classes, got {shown_whole(n_classes)}")
    labels = tuple(str(k) for k in range(n_classes))
    train, test = _read(folder, "train", checksums), _read(folder, "test", checksums)
    try:
        return Dataset(train, test, labels)
    except DataError as error:
        raise DataError(f"{folder}: {error}") from None


def _read(folder: Path, part: str, checksums: dict[str, str] | None) -> Examples:
    paths = [_find(folder, names[part]) for names in (IMAGES, LABELS)]
    arrays = []
    for path in paths:
        if checksums and hashlib.sha256(path.read_bytes()).hexdigest() != checksums.get(path.name):
            raise DataError(f"{path} differs from its checksum: it is damaged, install inkgrad again")
        arrays.append(read_idx(path))
    images, labels = arrays
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or (images.dtype != np.uint8 and images.dtype.kind != "f"):
        raise DataError(
            f"{paths[0]} should hold images (N, height, width) of uint8 or float, "
            f"got {images.dtype} of shape {images.shape}"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "ui":
        raise DataError(f"{paths[1]} should hold whole numbers (N,), got {labels.dtype} of shape {labels.shape}")
    try:
        return Examples(images, labels)
    except DataError as error:
        raise DataError(f"{paths[0]}: {error}") from None


def data_files(folder: Path) -> list[Path]:
    """Return what may have the data in a folder, by all names that it may have, whether it is there or not."""
    return [path for names in (IMAGES, LABELS) for name in names.values() for path in _places(folder, name)]


def _places(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.gz", folder / name


def _find(folder: Path, name: str) -> Path:
    for path in _places(folder, name):
        if path.is_file():
            return path
    raise DataError(f"{folder} should hold {name} or {name}.gz, as MNIST's files are named; it is not there")
