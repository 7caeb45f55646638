"""Reader: the digits in pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import PictureError, SettingError
from inkgrad.fast import available_threads, refuse_bad_threads
from inkgrad.models import Model, load
from inkgrad.pictures import Source, open_picture
from inkgrad.reader.expectation import Expectation, parse_expectation
from inkgrad.reader.eye import Eye
from inkgrad.reader.layout import as_reading
from inkgrad.reader.many import read_in_batches
from inkgrad.reader.page import scan
from inkgrad.reader.parsing import parse
from inkgrad.reader.reading import Reading

THRESHOLD = 0.75  # flags about half of the digits that are misread, and 0.005 of the others, of 10,000 digits of MNIST
"""The probability below which a digit is written as "?", unless told otherwise."""


class Reader:
    r"""Reads handwritten and printed digits in pictures: pages, lines, tables, forms, single digits.

    `model` says which digit a piece of ink is; without one it is the one for real pictures that comes
    with inkgrad, `load("reader")`.  A digit less probable than `threshold`, in [0, 1], is "?".
    `expect` is what is known to be there, such as r"\d{5}" or "4 lines of 9" (see parse_expectation).

    A reader remembers nothing of what it read, so threads may share it.

    Raises SettingError for a model of other things than digits, and settings that make no sense.
    """

    def __init__(self, model: Model | None = None, *, threshold: float = THRESHOLD, expect: str | None = None) -> None:
        if not 0 <= threshold <= 1:
            raise SettingError(f"a threshold is a probability from 0 to 1, got {threshold}")
        self.eye = Eye(load("reader") if model is None else model)
        self.threshold = threshold
        self.expected = Expectation() if expect is None else parse_expectation(expect)

    def read(self, picture: Source) -> Reading:
        """Return what is read in a picture: a path, the bytes of a file, a Pillow image or an array.

        An array is (height, width) or (height, width, channels), uint8 or floats in [0, 1], 0 for black.
        Dark ink on light paper and light on dark will do.  Where there is nothing to read, the
        reading is empty.

        Raises PictureError when it is no picture, damaged or too large, OSError when a file
        cannot be read.
        """
        return self._read([open_picture(picture)])[0]

    def read_many(self, pictures: Iterable[Source], *, workers: int | None = None) -> Iterator[Reading]:
        """Yield the reading of each of many pictures, in their order, as they are done.

        A picture that cannot be read gives an empty reading that says why as its `error`, and the
        others are still read.  `workers` is the number of processes, as many as there are cores unless told
        otherwise; up to 128 pictures are read by this one.

        Raises SettingError unless the number of workers is from 1 to 256.
        """
        workers = available_threads() if workers is None else workers
        refuse_bad_threads(workers)
        return read_in_batches(self if workers == 1 else self._alone(), pictures, workers)

    def __call__(self, pictures: Sequence[Source]) -> list[Reading]:
        """Return the readings of a batch of pictures; that of one that cannot be read has an `error`."""
        opened = [_opened(picture) for picture in pictures]
        readings = iter(self._read([each for each in opened if not isinstance(each, str)]))
        return [Reading((), None, (0, 0), each) if isinstance(each, str) else next(readings) for each in opened]

    def _alone(self) -> Reader:
        """Return the same reader for one of several processes: with one thread."""
        model = self.eye.model
        alone = Reader(replace(model, engine=model.engine.with_threads(1)), threshold=self.threshold)
        alone.expected = self.expected
        return alone

    def _read(self, pictures: list[Array]) -> list[Reading]:
        """Return the readings of pictures as colours; the network looks at all of them together."""
        readings = [Reading((), None, (colours.shape[1], colours.shape[0])) for colours in pictures]
        best = [-np.inf] * len(pictures)
        pages = [(number, page) for number, colours in enumerate(pictures) for page in scan(colours)]
        parsed = parse([page for _, page in pages], self.eye, self.expected)
        for (number, page), digits in zip(pages, parsed, strict=True):
            if digits.score > best[number]:
                best[number] = digits.score
                readings[number] = as_reading(page, digits, self.threshold)
        return readings


def _opened(picture: Source) -> Array | str:
    """Return a picture's colours, or why it cannot be read."""
    try:
        return open_picture(picture)
    except PictureError as error:
        return str(error)
    except OSError as error:
        return f"{picture}: {error.strerror}" if isinstance(picture, str | os.PathLike) else str(error)
