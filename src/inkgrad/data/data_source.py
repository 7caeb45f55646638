"""DataSource: where data come from, in any of the forms that people have them in, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.array_archive import read_archive
from inkgrad.data.class_folders import WANTED, read_class_folders
from inkgrad.data.class_names import (
    NAMES_FILE,
    names_of_labels,
    numbers_of_labels,
    read_class_names,
    refuse_bad_names,
    refuse_bad_number,
)
from inkgrad.data.digits import mnist
from inkgrad.data.examples import Dataset, Examples
from inkgrad.data.framing import Frame, scaled
from inkgrad.data.idx_set import IMAGES, idx_set_of, upright
from inkgrad.data.labelled_images import FoundData, LabelledImages, has_light_paper, turned_round
from inkgrad.data.pixel_table import is_pixel_table, read_pixel_table, read_table_folder
from inkgrad.errors import DataError
from inkgrad.whole_numbers import shown_whole

Place = str | os.PathLike[str]
Progress = Callable[[str], None]
USUAL_VALIDATION = 0.1
LARGEST_SIDE_PX = 1024
ARCHIVE_ENDING, PACKED_ENDINGS = ".npz", (".zip", ".gz", ".tar", ".7z", ".rar", ".tgz")
KINDS = "four IDX files, a folder of pictures for each class, a table (.csv) or arrays (.npz)"


def load_data(
    data: Place | None,
    classes: int | Sequence[str] | None = None,
    *,
    test_data: Place | None = None,
    size: int | None = None,
    validation: float | None = None,
    frame: Frame | None = None,
    transposed: bool = False,
) -> Dataset:
    """Return data in any form that DataSource reads; without any, MNIST.

    Raises DataError, in one line with a way out, when they are not what they should be.
    """
    names = classes if classes is None or isinstance(classes, int) else tuple(classes)
    return DataSource(data, names, test_data, size, validation, frame, transposed).load()


def silent(text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class DataSource:
    """Where data come from, and what is made of them.

    data        four IDX files under any of the names in use, in a folder; a folder with a folder of pictures for
                each class; a table, .csv, with a column for the label and one for each pixel; arrays in a .npz
                file; None for MNIST
    classes     how many there are, or their names, in the order of whole labels; None for what the data say
    test_data   where other examples to test on are; None for those of `data`, or some of its examples kept back
    size        side of the images in pixels, to which they are brought; None for that which they have, and 28 for
                pictures in folders
    validation  the share of the examples that is kept for testing where there are none, 0.1 unless said otherwise
    frame       of pictures in folders: "ink" cuts them to their ink, which is framed as MNIST's digits are, "whole"
                scales them with all their paper; None for "whole" where all are of one size up to 64 pixels
    transposed  whether rows and columns of the images are to change places; EMNIST's do without being told

    Raises DataError for settings that make no sense.
    """

    data: Place | None = None
    classes: int | tuple[str, ...] | None = None
    test_data: Place | None = None
    size: int | None = None
    validation: float | None = None
    frame: Frame | None = None
    transposed: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.classes, tuple):
            refuse_bad_names(self.classes)
        elif self.classes is not None:
            refuse_bad_number(self.classes)
        if self.size is not None and not 1 <= self.size <= LARGEST_SIDE_PX:
            raise DataError(f"a `size` is 1 to {LARGEST_SIDE_PX} pixels, got {shown_whole(self.size)}", setting="size")
        if self.validation is not None and not 0 < self.validation < 1:  # written so that NaN fails
            raise DataError(
                f"`validation` is a share between 0 and 1, 0.1 for a tenth, got {self.validation:g}",
                setting="validation",
            )
        if self.frame not in (None, *get_args(Frame)):
            raise DataError(f"a `frame` is ink or whole, got {self.frame!r}", setting="frame")

    @property
    def name(self) -> str:
        """What the data are called: the name of their folder or file, without those above it."""
        place = self.test_data if self.data is None else self.data
        return "MNIST" if place is None else Path(os.path.abspath(place)).name

    def resolved(self) -> DataSource:
        """Return the same source with whole paths, which hold in any folder."""
        data, test_data = (None if place is None else os.path.abspath(place) for place in (self.data, self.test_data))
        return replace(self, data=data, test_data=test_data)

    def files(self) -> list[Path]:
        """Return the files that may be read, but for those in folders of the folder."""
        places = [Path(place) for place in (self.data, self.test_data) if place is not None]
        folders = [place if place.is_dir() else place.parent for place in places]
        return [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()]

    def load(self, progress: Progress = silent) -> Dataset:
        """Return the data; `progress` is told how far a long reading is.

        Raises DataError when they are not what they should be.
        """
        if self.data is None:
            return self._mnist()
        found = self._read(self.data, progress)
        test = found.test if self.test_data is None else self._all_of(self.test_data, progress)
        if test is not None and self.validation is not None:
            raise DataError(
                f"{self.name} has {len(test.x):,} examples to test on already: leave out `validation`",
                setting="validation",
            )
        names = self._class_names(found.train)
        if len(names) == 1 and self.classes is None:
            raise DataError(f"{self.name} has one class only, {names[0]}: there are two or more to tell apart")
        train, from_one = self._examples(found.train, names, "training")
        if from_one and isinstance(self.classes, int):
            names = tuple(str(k + 1) for k in range(len(names)))
        if test is not None:
            parts, kept = (train, self._examples(test, names, "test")[0]), ""
            counts = f"{len(train):,} training and {len(test.x):,} test {found.unit[0]}"
        else:
            share = USUAL_VALIDATION if self.validation is None else self.validation
            held = kept_for_testing(train.t, share)
            parts = _without(train, held), Examples(train.x[held], train.t[held])
            kept = f"; {100 * share:g} % kept for testing, {len(held):,}"
            counts = f"{len(train):,} {found.unit[0]}"
        notes = [*found.train.notes, *(["labels counted from 1"] if from_one else [])]
        height, width, n_channels = train.input_shape
        about = (
            f"{self.name}: {counts} in {len(names)} {found.unit[1]}, {height} × {width}, "
            f"{'grey' if n_channels == 1 else 'in colour'}{kept}{''.join(f'; {note}' for note in notes)}"
        )
        try:
            return Dataset(*parts, names, about)
        except DataError as error:
            raise DataError(f"{self.name}: {error}: `size` brings both to one size", setting="size") from None

    def load_test(self, progress: Progress = silent) -> tuple[Examples, str]:
        """Return the examples to test on, and what is said of the data; without `data`, all of `test_data`.

        Raises DataError when they are not what they should be.
        """
        if self.data is not None or self.test_data is None:
            dataset = self.load(progress)
            return dataset.test, dataset.about
        found = self._all_of(self.test_data, progress)
        names = self._class_names(found)
        test, _ = self._examples(found, names, "test")
        height, width, _ = test.input_shape
        notes = "".join(f"; {note}" for note in found.notes)
        return test, f"{self.name}: {len(test):,} examples to test on, {height} × {width}{notes}"

    def _mnist(self) -> Dataset:
        if self.test_data is not None or self.validation is not None:
            name = "validation" if self.test_data is None else "test_data"
            raise DataError(
                f"MNIST has its own test set, so `{name}` is for your own `data`: give them", setting="data"
            )
        dataset = mnist()
        n = self.classes if isinstance(self.classes, int | None) else len(self.classes)
        if n not in (None, len(dataset.labels)):
            raise DataError(
                f"MNIST has 10 classes, got {shown_whole(n)}: give your own data with `data`", setting="data"
            )
        names = self.classes if isinstance(self.classes, tuple) else dataset.labels
        if self.size in (None, dataset.train.x.shape[1]):
            return replace(dataset, labels=names)
        assert self.size is not None
        train, test = (Examples(scaled(part.x, self.size), part.t) for part in (dataset.train, dataset.test))
        return Dataset(train, test, names, f"MNIST: brought to {self.size} × {self.size}")

    def _all_of(self, place: Place, progress: Progress) -> LabelledImages:
        """Return all examples of a place, to test on."""
        found = self._read(place, progress)
        if found.test is not None:
            raise DataError(
                f"{place} holds examples to train on and to test on: give it as `data`, or one part of it",
                setting="test_data",
            )
        return found.train

    def _read(self, place: Place, progress: Progress) -> FoundData:
        """Return what is in a folder or a file, its images as they are to be."""
        path = Path(place)
        found = self._in_folder(path, progress) if path.is_dir() else self._in_file(path, progress)
        are_pictures = found.unit[0] == "pictures"
        return replace(
            found,
            train=self._set_right(found.train, are_pictures),
            test=None if found.test is None else self._set_right(found.test, are_pictures),
        )

    def _in_folder(self, path: Path, progress: Progress) -> FoundData:
        files = idx_set_of(path)
        found = files.read() if files else read_table_folder(path, progress)
        found = found or read_class_folders(path, self.size, self.frame, progress)
        if found is not None:
            return found
        inside = sorted(each for each in path.iterdir() if not each.name.startswith("."))
        lone = [each for each in inside if is_pixel_table(each) or each.suffix.lower() == ARCHIVE_ENDING]
        if len(lone) == 1:
            return self._in_file(lone[0], progress)
        names = ", ".join(each.name for each in inside[:4]) + (", ..." if len(inside) > 4 else "")
        raise DataError(
            f"{path} should hold {KINDS}: MNIST's {IMAGES['train']} and so on, or {WANTED}; "
            f"it has {names or 'nothing'}",
            setting="data",
        )

    def _in_file(self, path: Path, progress: Progress) -> FoundData:
        if files := idx_set_of(path):
            return files.read()
        if not path.exists():
            raise DataError(f"there is no folder {path}, nor a file", setting="data")
        if is_pixel_table(path):
            return read_pixel_table(path, progress)
        if path.suffix.lower() == ARCHIVE_ENDING:
            return read_archive(path)
        unpack = ": unpack it first" if path.suffix.lower() in PACKED_ENDINGS else ""
        raise DataError(f"{path} is none of what data come in, which are {KINDS}{unpack}", setting="data")

    def _set_right(self, found: LabelledImages, are_pictures: bool) -> LabelledImages:
        """Return images upright, ink in the place of full, and in the size asked for; pictures come so but upright."""
        x, notes = found.x, found.notes
        if self.transposed:
            x, notes = upright(x), (*notes, "rows and columns changed for each other")
        if not are_pictures and has_light_paper(x):
            x, notes = turned_round(x), (*notes, "dark on light and turned round")
        if not are_pictures and self.size is not None and x.shape[1:3] != (self.size, self.size):
            notes = (*notes, f"of {x.shape[1]} × {x.shape[2]} pixels")
            x = scaled(x, self.size)
        return replace(found, x=x, notes=notes)

    def _class_names(self, found: LabelledImages) -> tuple[str, ...]:
        if isinstance(self.classes, tuple):
            return self.classes
        listed = Path(self.data or "") / NAMES_FILE
        if self.data is not None and listed.is_file():
            names = read_class_names(listed)
        elif found.classes is not None and self.classes in (None, len(found.classes)):
            names = found.classes
        elif self.classes is not None and found.labels.dtype.kind in "ui":
            names = tuple(str(k) for k in range(self.classes))
        else:
            names = names_of_labels(found.labels)
        if self.classes not in (None, len(names)):
            raise DataError(
                f"{self.name} has {len(names)} classes, got classes={self.classes}: leave it out", setting="classes"
            )
        return names

    def _examples(self, found: LabelledImages, names: tuple[str, ...], part: str) -> tuple[Examples, bool]:
        """Return images with their class numbers, and whether labels were counted from 1."""
        try:
            t, from_one = numbers_of_labels(found.labels, names, part)
            return Examples(found.x, t), from_one
        except DataError as error:
            raise DataError(f"{self.name}: {error}", setting=error.setting) from None


def kept_for_testing(t: NDArray, share: float) -> NDArray:
    """Return the places of a share of the examples, sorted: as many of each class as there are, and always the same.

    With a larger share the same ones are kept, and others.  At least one is kept in all, and of each class at least
    one is not.

    Raises DataError where each class has a single example.
    """
    rng, places, ranks = np.random.default_rng(0), [], []
    for k in np.unique(t):
        order = rng.permutation(np.flatnonzero(t == k))
        places.append(order[:-1])
        ranks.append((np.arange(1, len(order)) - rng.random()) / len(order))
    every = np.concatenate(places)
    if not len(every):
        raise DataError(
            "each class has a single example, so that none can be kept for testing: give more, or others with "
            "`test_data`",
            setting="test_data",
        )
    first = np.argsort(np.concatenate(ranks), kind="stable")[: max(1, round(share * len(t)))]
    return np.sort(every[first])


def _without(examples: Examples, held: NDArray) -> Examples:
    rest = np.setdiff1d(np.arange(len(examples)), held)
    return Examples(examples.x[rest], examples.t[rest])
