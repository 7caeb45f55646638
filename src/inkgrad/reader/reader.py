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
from inkgrad.pictures import Source, at_working_size, lightness_skew, open_picture
from inkgrad.reader.expectation import Expectation, parse_expectation
from inkgrad.reader.eye import Eye
from inkgrad.reader.layout import as_reading
from inkgrad.reader.many import read_in_batches
from inkgrad.reader.page import Scan, scan
from inkgrad.reader.parsing import parse
from inkgrad.reader.reading import Reading

THRESHOLD = 0.75  # flags about half of the digits that are misread, and 0.005 of the others, of 10,000 digits of MNIST
"""The probability below which a digit is written as "?", unless told otherwise."""
THINNEST = 5  # pixels; thinner pictures cannot hold a digit
UNCLEAR = 0.4  # skewness of lightness: below, a picture is read both as dark on light and as light on dark


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
        scans: list[tuple[int, float, Scan]] = []
        for number, colours in enumerate(pictures):
            if min(readings[number].size) >= THINNEST and np.ptp(colours) > 0:
                scans += [(number, *each) for each in _scans(colours)]
        best = dict.fromkeys(range(len(pictures)), -np.inf)
        parsed = parse([page for _, _, page in scans], self.eye, self.expected)
        for (number, factor, page), digits in zip(scans, parsed, strict=True):
            if digits.score > best[number]:
                best[number] = digits.score
                readings[number] = as_reading(page, digits, readings[number].size, factor, self.threshold)
        return readings


def _opened(picture: Source) -> Array | str:
    """Return a picture's colours, or why it cannot be read."""
    try:
        return open_picture(picture)
    except PictureError as error:
        return str(error)
    except OSError as error:
        return f"{picture}: {error.strerror}" if isinstance(picture, str | os.PathLike) else str(error)


def _scans(colours: Array) -> list[tuple[float, Scan]]:
    """Return the scan of a picture, and its factor of size; two where it may be light on dark or the other way."""
    work, factor = at_working_size(colours)
    skew = lightness_skew(work)
    ways = [skew > 0] if abs(skew) > UNCLEAR else [skew > 0, skew <= 0]
    return [(factor, scan(work, light_on_dark)) for light_on_dark in ways]
