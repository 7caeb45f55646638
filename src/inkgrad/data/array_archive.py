"""Array archive: images and labels in a .npz file, as NumPy, Keras and MedMNIST write them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.idx_set import refuse_bad_count
from inkgrad.data.labelled_images import FoundData, LabelledImages, as_images
from inkgrad.errors import DataError

IMAGE_NAMES, LABEL_NAMES = "x|images?|data|pixels", "y|t|labels?|targets?|classes"
PARTS = "train|test|val|valid"
MOST_BYTES = 2**32  # of one array unpacked
WANTED = "arrays x_train and y_train, and perhaps x_test and y_test, or x and y"


def read_archive(path: Path) -> FoundData:
    """Return what the arrays of an archive are, by their names: x_train, train_images, test_labels, x and y.

    Raises DataError, naming the file, where it is no archive or has not these.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            too_large = [each.filename for each in packed.infolist() if each.file_size > MOST_BYTES]
        if too_large:
            raise DataError(f"{path.name} has {too_large[0]}, which is larger than 4 GiB unpacked: make it smaller")
        with np.load(path, allow_pickle=False) as archive:
            places = {place: name for name in archive.files if (place := _place_of(name))}
            train = _part(archive, places, "train", path.name) or _part(archive, places, "", path.name)
            test = _part(archive, places, "test", path.name) or _part(archive, places, "val", path.name)
            if train is None:
                raise DataError(f"{path.name} should have {WANTED}; it has {', '.join(archive.files[:8]) or 'none'}")
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        if isinstance(error, DataError) or (isinstance(error, OSError) and error.filename):
            raise
        raise DataError(f"{path.name} is no archive of plain arrays, as numpy.savez writes: {error}") from None
    return FoundData(train, test)


def _place_of(name: str) -> tuple[str, str] | None:
    """Return the part and the kind of an array, ("train", "images"), by its name; None for another."""
    word = name.lower().replace("imgs", "images")
    found = re.fullmatch(rf"({PARTS})?[_-]?({IMAGE_NAMES}|{LABEL_NAMES})[_-]?({PARTS})?", word)
    if found is None:
        return None
    part = (found[1] or found[3] or "").replace("valid", "val")
    return part, "images" if re.fullmatch(IMAGE_NAMES, found[2]) else "labels"


def _part(
    archive: Mapping[str, NDArray], places: dict[tuple[str, str], str], part: str, name: str
) -> LabelledImages | None:
    has = [kind for kind in ("images", "labels") if (part, kind) in places]
    if len(has) < 2:
        if has and part != "val":
            other = "labels" if has == ["images"] else "images"
            raise DataError(f"{name} has {places[part, has[0]]} and no {other} with it: it should have {WANTED}")
        return None
    x, labels = (np.asarray(archive[places[part, kind]]) for kind in ("images", "labels"))
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    what = places[part, "labels"]
    if labels.ndim != 1:
        hint = f": save {what}.argmax(axis=1)" if labels.ndim == 2 else ""
        raise DataError(f"{name}: {what} should hold a label for each image, (N,), got shape {labels.shape}{hint}")
    if labels.dtype.kind == "f" and bool((np.isfinite(labels) & (labels == np.rint(labels))).all()):
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "uiU":
        raise DataError(f"{name}: {what} should hold whole numbers or texts, got {labels.dtype}: {_example(labels)}")
    refuse_bad_count(x, labels, name)
    return LabelledImages(as_images(x, f"{name}: {places[part, 'images']}"), labels)


def _example(labels: NDArray) -> str:
    """Return a label that is no whole number, for a message."""
    wrong = labels[~(labels == np.rint(labels))] if labels.dtype.kind == "f" else labels
    return f"{wrong[0]}" if len(wrong) else "none"
