"""Reader: the digits in pictures, one or thousands."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import PictureError, SettingError
from inkgrad.fast import available_threads, refuse_bad_threads
from inkgrad.models import Model, load
from inkgrad.pictures import Source, open_picture
from inkgrad.reader.expectation import Expectation, parse_expectation
from inkgrad.reader.eye import DIGITS, Eye
from inkgrad.reader.literals import with_literals
from inkgrad.reader.page import PageSettings, Scan, scan
from inkgrad.reader.parsing import Parsed, ParsingSettings, Seen, parse
from inkgrad.reader.pattern import Pattern
from inkgrad.reader.reading import UNSURE, Character, Reading, digits_alone

THRESHOLD = 0.75  # flags about half of the digits that are misread, and 0.005 of the others, of 10,000 digits of MNIST
"""The probability below which a digit is written as "?", unless told otherwise."""


@dataclass(frozen=True)
class ReaderSettings:
    """The numbers of each stage of reading.

    page     how ink, rules, rows and tables are found
    parsing  how pieces of ink become digits
    beside   share of a cell's width; what is nearer to a table belongs to its row
    """

    page: PageSettings = PageSettings()
    parsing: ParsingSettings = ParsingSettings()
    beside: float = 0.8


@dataclass(frozen=True)
class BatchSettings:
    """How many pictures are read together, and by whom.

    pictures  that the network looks at together
    few       up to so many are read before another process has started
    ahead     batches that wait for each other process
    longest   batches in the queue for each process: as many as this one reads while the others start
    """

    pictures: int = 32
    few: int = 128
    ahead: int = 3
    longest: int = 20


class Reader:
    r"""Reads handwritten and printed digits in pictures: pages, lines, tables, forms, single digits.

    `model` says which digit a piece of ink is; without one it is the one for real pictures that comes
    with inkgrad, `load("reader")`.  A digit less probable than `threshold`, in [0, 1], is "?".
    With `marks=False` only digits are read, without the marks, spaces and tabs between them: 12.50 is 1250.
    `expect` is what is known to be there, such as r"\d{5}" or "4 lines of 9" (see parse_expectation).
    `settings` are the numbers of each stage, such as how much longer than thick a rule is.

    A reader remembers nothing of what it read, so threads may share it.

    Raises SettingError for a model of other things than digits, and settings that make no sense.
    """

    def __init__(
        self,
        model: Model | None = None,
        *,
        threshold: float = THRESHOLD,
        expect: str | None = None,
        marks: bool = True,
        settings: ReaderSettings = ReaderSettings(),
    ) -> None:
        if not 0 <= threshold <= 1:
            raise SettingError(f"a threshold is a probability from 0 to 1, got {threshold}", setting="threshold")
        self.eye = Eye(load("reader") if model is None else model)
        self.threshold = threshold
        self.marks = marks
        self.expected = Expectation() if expect is None else parse_expectation(expect)
        self.settings = settings

    def read(self, picture: Source) -> Reading:
        """Return what is read in a picture: a path, the bytes of a file, a Pillow image or an array.

        An array is (height, width) or (height, width, channels), uint8 or floats in [0, 1], 0 for black.
        Dark ink on light paper and light on dark will do.  Where there is nothing to read, the
        reading is empty.

        Raises PictureError for another thing than a picture, and for one that is damaged or too large; OSError
        when a file cannot be read.
        """
        return self._read([self._scanned(open_picture(picture))])[0]

    def read_many(self, pictures: Iterable[Source], *, workers: int | None = None) -> Iterator[Reading]:
        """Yield the reading of each of many pictures, in their order, as they are done.

        A picture that cannot be read gives an empty reading that says why as its `error`, and the
        others are still read.  `workers` is the number of processes, as many as there are cores unless told
        otherwise; up to 128 pictures are read by this one.

        Raises SettingError unless the number of workers is from 1 to 256.
        """
        workers = available_threads() if workers is None else workers
        refuse_bad_threads(workers)
        return _read_in_batches(self if workers == 1 else self._alone(), pictures, workers, BatchSettings())

    def __call__(self, pictures: Sequence[Source]) -> list[Reading]:
        """Return the readings of a batch of pictures; that of one that cannot be read has an `error`."""
        return self._read([self._scanned(_opened(picture)) for picture in pictures])

    def _alone(self) -> Reader:
        """Return the same reader for one of several processes: with one thread."""
        alone, model = copy(self), self.eye.model
        alone.eye = Eye(replace(model, engine=model.engine.with_threads(1)))
        return alone

    def _scanned(self, colours: NDArray | str) -> tuple[Reading, list[Scan]]:
        """Return an empty reading, and what lies in a picture, which is much smaller than its colours."""
        if isinstance(colours, str):
            return Reading((), None, (0, 0), colours), []
        return Reading((), None, (colours.shape[1], colours.shape[0])), scan(colours, self.settings.page)

    def _read(self, scanned: list[tuple[Reading, list[Scan]]]) -> list[Reading]:
        """Return the readings of pictures; the network looks at all of them together."""
        readings = [reading for reading, _ in scanned]
        best = [-np.inf] * len(readings)
        settings, pattern = self.settings, self.expected.pattern
        pages = [(number, page) for number, (_, found) in enumerate(scanned) for page in found]
        parsed = parse([page for _, page in pages], self.eye, self.expected, settings.parsing)
        for (number, page), digits in zip(pages, parsed, strict=True):
            if digits.score > best[number]:
                best[number] = digits.score
                readings[number] = _as_reading(page, digits, self.threshold, self.marks, settings.beside, pattern)
        return readings


def _opened(picture: Source) -> NDArray | str:
    """Return a picture's colours, or why it cannot be read."""
    try:
        return open_picture(picture)
    except PictureError as error:
        return str(error)
    except OSError as error:
        return f"{picture}: {error.strerror}" if isinstance(picture, str | os.PathLike) else str(error)


def _as_reading(
    page: Scan, parsed: Parsed, threshold: float, marks: bool, beside: float, pattern: Pattern | None
) -> Reading:
    """Return the reading of a picture, for what lies on the page and the digits of each row."""
    lines = _in_lines(page, parsed, beside)
    cells = {
        id(seen): place[1:]
        for place, row in zip(page.places, parsed.rows, strict=True)
        for seen in row
        if place is not None and place[0] == 0
    }
    characters = tuple(
        _character(seen, page.box_of(seen.piece), line, column, threshold, cells.get(id(seen)))
        for line, row in enumerate(lines)
        for column, seen in enumerate(row)
    )
    if pattern is not None:
        characters = with_literals(characters, pattern)
    if not marks:
        characters = digits_alone(characters)
    return Reading(characters, _table(page, characters), page.size)


def _in_lines(page: Scan, parsed: Parsed, beside: float) -> list[list[Seen]]:
    """Return the digits in lines from top to bottom; a row of a table is a line, with what stands right beside it."""
    lines: dict[tuple[int, int], list[Seen]] = {}
    for k, (place, row) in enumerate(zip(page.places, parsed.rows, strict=True)):
        line = (-1, k) if place is None else place[:2]
        if place is None and row:
            line = next((other for other in lines if _continues(row, other, page, beside)), line)
        lines.setdefault(line, []).extend(row)
    for (table, _), its in lines.items():
        if table >= 0:
            its.sort(key=lambda seen: seen.piece.middle[1])
    found = filter(None, lines.values())
    return sorted(found, key=lambda line: float(np.mean([seen.piece.middle[0] for seen in line])))


def _continues(row: list[Seen], line: tuple[int, int], page: Scan, beside: float) -> bool:
    """Return whether all digits of a row stand in, or close beside, a row of a table."""
    table, number = line
    if table < 0:
        return False
    cells = [box for (its_row, _), box in page.tables[table].cells.items() if its_row == number]
    top, bottom = np.mean([box[0] for box in cells]), np.mean([box[2] for box in cells])
    left, right = min(box[1] for box in cells), max(box[3] for box in cells)
    near = beside * float(np.median([box[3] - box[1] for box in cells]))
    return all(
        top <= seen.piece.middle[0] < bottom and left - near <= seen.piece.middle[1] < right + near for seen in row
    )


def _table(page: Scan, characters: Sequence[Character]) -> tuple[tuple[str, ...], ...] | None:
    """Return the text of each cell of the first table; a gap before the first character of a cell is none of it."""
    if not page.tables:
        return None
    table = [[""] * page.tables[0].n_columns for _ in range(page.tables[0].n_rows)]
    for character in characters:
        if character.cell is not None:
            row, column = character.cell
            before = table[row][column]
            table[row][column] = before + character.gap * bool(before) + character.label
    return tuple(map(tuple, table))


def _label(seen: Seen, threshold: float) -> str:
    return DIGITS[seen.digit] if seen.p[seen.digit] >= threshold else UNSURE


def _character(
    seen: Seen, box: tuple[int, int, int, int], line: int, column: int, threshold: float, cell: tuple[int, int] | None
) -> Character:
    others = [k for k in np.argsort(seen.p)[::-1].tolist() if k != seen.digit][:2]
    return Character(
        label=_label(seen, threshold),
        best=DIGITS[seen.digit],
        probability=float(seen.p[seen.digit]),
        others=tuple((DIGITS[k], float(seen.p[k])) for k in others),
        box=box,
        line=line,
        column=column,
        image=seen.image,
        cell=cell,
    )


def _read_in_batches(read: Reader, pictures: Iterable[Source], workers: int, sizes: BatchSettings) -> Iterator[Reading]:
    """Yield the reading of each picture in their order, from `workers` processes, this one among them.

    No more pictures are taken from the iterable than are soon to be read.
    """
    source = iter(pictures)
    first = list(islice(source, sizes.few + 1))
    pictures = chain(first, source)
    batches = iter(lambda: list(islice(pictures, sizes.pictures)), [])
    if workers == 1 or len(first) <= sizes.few:
        for batch in batches:
            yield from read(batch)
    else:
        yield from _with_others(read, batches, workers - 1, sizes)


def _with_others(read: Reader, batches: Iterator[list[Source]], others: int, sizes: BatchSettings) -> Iterator[Reading]:
    """Yield the readings in order; this process reads too whenever the others have enough to do.

    The others are started afresh: the fork of a process with threads (JAX, a web server) may hang.
    """
    from loky import ProcessPoolExecutor  # slow to import, and seldom needed

    pool = ProcessPoolExecutor(others)
    queue: deque[Future[list[Reading]]] = deque()
    try:
        for batch in batches:
            busy = sum(not readings.done() for readings in queue)
            queue.append(pool.submit(read, batch) if busy < sizes.ahead * others else _done(read(batch)))
            while queue and (queue[0].done() or len(queue) > sizes.longest * (others + 1)):
                yield from queue.popleft().result()
        while queue:
            yield from queue.popleft().result()
    finally:
        pool.shutdown(kill_workers=True)


def _done(readings: list[Reading]) -> Future[list[Reading]]:
    future: Future[list[Reading]] = Future()
    future.set_result(readings)
    return future
