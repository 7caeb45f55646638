"""MNIST: 70,000 handwritten digits, and any data in the same four files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from inkgrad.data.class_names import refuse_bad_number
from inkgrad.data.examples import Dataset, Examples
from inkgrad.data.idx_set import IdxSet, idx_set_of
from inkgrad.errors import DataError

MNIST_FOLDER = Path(__file__).parent / "mnist"


def mnist() -> Dataset:
    """Return MNIST as shipped with the package: 60,000 training and 10,000 test images of 28 × 28 pixels.

    The labels are "0" to "9".

    Raises DataError if a file differs from its checksum.
    """
    lines = [line.split() for line in (MNIST_FOLDER / "SHA256SUMS").read_text().splitlines()]
    return read_digits(MNIST_FOLDER, checksums={name: checksum for checksum, name in lines})


def read_digits(
    folder: str | os.PathLike[str], n_classes: int = 10, checksums: Mapping[str, str] | None = None
) -> Dataset:
    """Return the data in the four IDX files of `folder`, gzipped or not.

    So come Fashion-MNIST, KMNIST, and yours if you write it with write_idx.  Images are
    uint8 in 0..255 or floats in [0, 1], labels are 0 to n_classes - 1.

    Raises DataError, naming the file, when one is missing, damaged, or not what it should be.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    refuse_bad_number(n_classes)
    files = idx_set_of(folder) or IdxSet(folder, "", {})
    found = files.read(checksums)
    assert found.test is not None
    try:
        train, test = (Examples(part.x, part.labels) for part in (found.train, found.test))
        return Dataset(train, test, tuple(str(k) for k in range(n_classes)))
    except DataError as error:
        raise DataError(f"{folder}: {error}") from None
