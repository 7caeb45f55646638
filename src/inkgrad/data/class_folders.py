"""Class folders: a folder of pictures for each class, in any sizes and formats."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from inkgrad.data.class_names import in_order
from inkgrad.data.framing import Frame, Framing, framing_of
from inkgrad.data.labelled_images import FoundData, LabelledImages
from inkgrad.errors import DataError

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".pbm"}
TRAIN_NAMES, TEST_NAMES = ("train", "training"), ("test", "testing", "val", "valid", "validation")
USUAL_SIDE_PX = 28
WANTED = "a folder of pictures for each class, such as a/1.png, a/2.png and b/1.png"

Progress = Callable[[str], None]


def read_class_folders(folder: Path, size: int | None, frame: Frame | None, progress: Progress) -> FoundData | None:
    """Return the pictures in the folders of a folder, labelled with their folders' names; None where it has none.

    Folders called train and test have folders of classes themselves.  `progress` is told how far it is.

    Raises DataError for a class without a picture, a single class, and a file that is no sound picture.
    """
    inner = {path.name.lower(): path for path in _folders(folder)}
    train = next((inner[name] for name in TRAIN_NAMES if name in inner and _folders(inner[name])), None)
    test = next((inner[name] for name in TEST_NAMES if name in inner and _folders(inner[name])), None)
    has_parts = train is not None
    classes = _classes(train or folder)
    if classes is None:
        return None
    pictures, others = classes
    _refuse_one_class(train or folder, pictures)
    test_classes = _classes(test) if has_parts and test else None
    test_pictures, test_others = test_classes or ({}, [])
    every = [path for paths in (*pictures.values(), *test_pictures.values()) for path in paths]
    framing, sizes = framing_of(every, USUAL_SIDE_PX if size is None else size, frame)
    notes = [f"of {sizes}", *framing.told()]
    if others := others + test_others:
        first = others[0].relative_to(folder)
        notes.append(
            f"{len(others)} other files left out, such as {first}" if len(others) > 1 else f"{first} is left out"
        )
    n, done = len(every), 0

    def told() -> None:
        nonlocal done
        done += 1
        progress(f"{done:,} of {n:,} pictures in {folder}")

    names = in_order(pictures)
    found = _images(pictures, framing, names, tuple(notes), told)
    return FoundData(
        found, _images(test_pictures, framing, names, (), told) if test_pictures else None, ("pictures", "folders")
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))


def _classes(folder: Path) -> tuple[dict[str, list[Path]], list[Path]] | None:
    """Return the pictures of each class, and the files that are none; None where there is no class with pictures."""
    pictures, others = {}, []
    for place in _folders(folder):
        files = [
            Path(where, name)
            for where, _, names in sorted(os.walk(place))
            for name in sorted(names)
            if not name.startswith(".") and name != "Thumbs.db"
        ]
        pictures[place.name] = [path for path in files if path.suffix.lower() in ENDINGS]
        others += [path for path in files if path.suffix.lower() not in ENDINGS]
    if not any(pictures.values()):
        return None
    empty = next((name for name, paths in pictures.items() if not paths), None)
    if empty is not None:
        raise DataError(f"the class {empty} has no pictures: put some into {folder / empty}, or take that folder away")
    return pictures, others


def _refuse_one_class(folder: Path, pictures: dict[str, list[Path]]) -> None:
    if len(pictures) == 1:
        raise DataError(f"{folder} has pictures in one folder only, {next(iter(pictures))}: it should have {WANTED}")


def _images(
    pictures: dict[str, list[Path]],
    framing: Framing,
    names: tuple[str, ...],
    notes: tuple[str, ...],
    told: Callable[[], None],
) -> LabelledImages:
    x, labels = [], []
    for name in in_order(pictures):
        for path in pictures[name]:
            x.append(framing.image(path)[..., np.newaxis])
            labels.append(name)
            told()
    return LabelledImages(np.stack(x), np.array(labels), names, notes)
