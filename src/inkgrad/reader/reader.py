"""Reader: the digits in pictures, one or thousands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice, tee

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.fast import available_threads, refuse_bad_threads
from inkgrad.models import Model, load
from inkgrad.pictures import Piece, Source, list_pictures, open_or_reason, open_picture
from inkgrad.pictures.pieces import cut_out
from inkgrad.reader.arbitration import ArbitrationSettings, anything, arbitrated, is_clear
from inkgrad.reader.batches import BatchSettings, read_in_batches
from inkgrad.reader.box_row import joined, lines_of_boxes, shared_out
from inkgrad.reader.choice import Attempt, ChoiceSettings, best_lines, better_turned, mean_probability
from inkgrad.reader.expectation import Expectation, parse_expectation
from inkgrad.reader.eye import DIGITS, Eye
from inkgrad.reader.left_out import LeftOutSettings, left_out, parted
from inkgrad.reader.line_eye import LineEye, LineSettings, Said
from inkgrad.reader.literals import with_literals
from inkgrad.reader.page import PageSettings, Scan, middle_of, scan, turned_by
from inkgrad.reader.parsing import ParsingSettings, expected_of_rows, parse
from inkgrad.reader.pattern import Pattern
from inkgrad.reader.reading import UNSURE, Character, Reading, Skipped, digits_alone
from inkgrad.reader.seen import Seen
from inkgrad.reader.strips import StripSettings, cut_strips

THRESHOLD = 0.75  # flags about half of the digits that are misread, and 0.005 of the others, of 10,000 digits of MNIST
"""The probability below which a character is written as "?", unless told otherwise."""

TAB = "\t"


@dataclass(frozen=True)
class ReaderSettings:
    """The numbers of each stage of reading.

    page         how ink, rules, rows and tables are found
    parsing      how pieces of ink become digits
    strips       how rows are cut out for the recogniser of lines
    lines        how it looks at them, and what it says
    arbitration  how the two readings of a row become one
    choice       when a picture is turned, and which of several readings of it is taken
    left_out     which ink that no character was read from counts as a word or a blot
    beside       share of a cell's width; what is nearer to a table belongs to its row
    several      share of a table's cells with writing; if more have several characters, tabs part them in a line
    """

    page: PageSettings = PageSettings()
    parsing: ParsingSettings = ParsingSettings()
    strips: StripSettings = StripSettings()
    lines: LineSettings = LineSettings()
    arbitration: ArbitrationSettings = ArbitrationSettings()
    choice: ChoiceSettings = ChoiceSettings()
    left_out: LeftOutSettings = LeftOutSettings()
    beside: float = 0.8
    several: float = 0.3


class Reader:
    r"""Reads handwritten and printed digits in pictures: pages, lines, tables, forms, single digits.

    `model` says which digit a piece of ink is, and `line_model` what a whole row of writing says; without them they
    are those for real pictures that come with inkgrad, `load("reader")` and `load("lines")`.  A character less
    probable than `threshold`, in [0, 1], is "?".
    With `marks=False` only digits are read, without the marks, spaces and tabs between them: 12.50 is 1250.
    `expect` is what is known to be there, such as r"\d{5}" or "4 lines of 9" (see parse_expectation).
    Where it is one digit, neighbours that the edges of the picture cut are left aside.
    `settings` are the numbers of each stage, such as how much longer than thick a rule is.

    A reader remembers nothing of what it read, so threads may share it.

    Raises SettingError for a model of other things than digits, a line model that does not read lines, and settings
    that make no sense.
    """

    def __init__(
        self,
        model: Model | None = None,
        line_model: Model | None = None,
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
        line_model = load("lines") if line_model is None else line_model
        self.line_eye = LineEye(line_model, self.expected.pattern, settings.lines)

    def read(self, picture: Source) -> Reading:
        """Return what is read in a picture: a path, the bytes of a file, a Pillow image or an array.

        An array is (height, width) or (height, width, channels), uint8 or floats in [0, 1], 0 for black.
        Dark ink on light paper and light on dark will do.  Where there is nothing to read, the
        reading is empty.  Of a PDF or TIFF of several pages it is the first one, unless the path says which,
        scan.pdf#3; read_all reads all of them.

        Raises PictureError for another thing than a picture, and for one that is damaged or too large; MissingExtra
        for a PDF or HEIC picture without the extra that it needs; OSError when a file cannot be read.
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
        return read_in_batches(self if workers == 1 else self._alone(), pictures, workers, BatchSettings())

    def read_all(
        self, sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, workers: int | None = None
    ) -> Iterator[tuple[str, Reading]]:
        """Yield the name and the reading of each picture in folders, patterns and files, in their order, each once.

        A folder such as "scans" is walked, a pattern is one such as "scans/**/*.png", and of a PDF or TIFF of several
        pages each has a reading and a name, scan.pdf#3 (see list_pictures).  All else is as in read_many.

        Raises DataError for a source without a picture, FileNotFoundError where there is none of that name.
        """
        names, pictures = tee(list_pictures(sources))
        yield from zip(names, self.read_many(pictures, workers=workers), strict=False)

    def __call__(self, pictures: Sequence[Source]) -> list[Reading]:
        """Return the readings of a batch of pictures; that of one that cannot be read has an `error`."""
        return self._read([self._scanned(open_or_reason(picture)) for picture in pictures])

    def _alone(self) -> Reader:
        """Return the same reader for one of several processes: with one thread."""
        alone, model, line_model = copy(self), self.eye.model, self.line_eye.model
        alone.eye = Eye(replace(model, engine=model.engine.with_threads(1)))
        line_model = replace(line_model, engine=line_model.engine.with_threads(1))
        alone.line_eye = LineEye(line_model, self.expected.pattern, self.settings.lines)
        return alone

    def _scanned(self, colours: NDArray | str) -> tuple[Reading, list[Scan]]:
        """Return an empty reading, and what lies in a picture, which is much smaller than its colours."""
        if isinstance(colours, str):
            return Reading((), None, (0, 0), colours), []
        found = scan(colours, self.settings.page)
        if self.expected.is_one_digit:
            found = [middle_of(page) for page in found]
        return Reading((), None, (colours.shape[1], colours.shape[0])), found

    def _read(self, scanned: list[tuple[Reading, list[Scan]]]) -> list[Reading]:
        """Return the readings of pictures; each network looks at all of them together."""
        readings, settings = [reading for reading, _ in scanned], self.settings.choice
        attempts = iter(self._attempts([page for _, found in scanned for page in found]))
        for number, (_, found) in enumerate(scanned):
            if not found:
                continue
            best = max(islice(attempts, len(found)), key=lambda attempt: attempt.worth(settings))
            if not self.expected.is_one_digit and (turns := best.turns(settings)):
                turned = turned_by(best.page, turns, self.settings.page)
                best = better_turned(best, self._attempts(turned), settings)
            readings[number] = _as_reading(best, self.threshold, self.marks, self.settings, self.expected.pattern)
        return readings

    def _attempts(self, pages: list[Scan]) -> list[Attempt]:
        """Return scans with their rows as read in both ways; a row that is clearly one digit needs no second one."""
        settings = self.settings.arbitration
        no_slash = replace(settings, slash=0.0)  # in cells such a stroke is a 1, or the rest of a rule
        parsed = parse(pages, self.eye, self.expected, self.settings.parsing)
        asked = [
            [not is_clear(len(pieces), row, settings) for pieces, row in zip(page.rows, rows, strict=True)]
            for page, rows in zip(pages, parsed, strict=True)
        ]
        boxes = [lines_of_boxes(page, its, self.settings.parsing) for page, its in zip(pages, asked, strict=True)]
        for asks, lines in zip(asked, boxes, strict=True):
            for number in chain.from_iterable(lines):
                asks[number] = True
        patterns = [expected_of_rows(page, self.expected, self.settings.parsing) for page in pages]
        expected = [[pattern is not None for pattern in its] for its in patterns]
        said = self._said(pages, asked, expected, boxes)
        alone = [list(rows) for rows in parsed]
        silent: list[list[bool]] = [[] for _ in pages]
        for (k, row), line in said.items():
            alone[k][row] = line.characters
            silent[k].append(not line.characters and line.silent(0, pages[k].ink.shape[1]) >= settings.silent)
            accepts, look = self.line_eye.accepts if expected[k][row] else anything, partial(self._look, pages[k])
            place = pages[k].places[row]
            is_box = place is not None and pages[k].tables[place[0]].n_rows == 1
            how = settings if self.marks and place is None else no_slash
            parsed[k][row] = arbitrated(parsed[k][row], line, how, accepts, look, is_box)
        attempts = []
        for page, rows, its, quiet in zip(pages, parsed, alone, silent, strict=True):
            if self.expected.n_lines is not None and not page.tables:
                rows = best_lines(rows, self.expected.n_lines)
                its = [line for line, row in zip(its, rows, strict=True) if row]
            is_silent = bool(quiet) and all(quiet) and not any(rows)
            attempts.append(Attempt(page, rows, mean_probability(its), is_silent))
        return attempts

    def _said(
        self, pages: list[Scan], asked: list[list[bool]], expected: list[list[bool]], boxes: list[list[list[int]]]
    ) -> dict[tuple[int, int], Said]:
        """Return what each row that is asked for says as a whole line, by the numbers of its page and its own.

        The boxes of a line are one line, too; that counts where it has just one character in a box.
        """
        strips = [cut_strips(page, its, self.settings.strips) for page, its in zip(pages, asked, strict=True)]
        places = [(k, row) for k, its in enumerate(asked) for row in np.flatnonzero(its).tolist()]
        is_expected = [expected[k][row] for k, row in places]
        said = dict(zip(places, self.line_eye.read([strips[k][row] for k, row in places], is_expected), strict=True))
        lines = [(k, its) for k, page_lines in enumerate(boxes) for its in page_lines]
        whole = [[joined([strip for number in its for strip in strips[k][number]])] for k, its in lines]
        pattern = self.expected.pattern
        is_of_line = pattern is not None and pattern.n_digits[1] != 1
        for (k, its), line in zip(lines, self.line_eye.read(whole, [is_of_line] * len(lines)), strict=True):
            parts = zip(its, shared_out(line, pages[k], its), strict=True)
            said.update({(k, number): part for number, part in parts if len(part.characters) == 1})
        return said

    def _look(self, page: Scan, piece: Piece) -> dict[str, float]:
        """Return the probability of each digit for some ink of a page; of none where there is no ink."""
        if not cut_out(piece, page.ink)[0].any():
            return {}
        return dict(zip(DIGITS, self.eye.look([piece], [page.ink]).p[0].tolist(), strict=True))


def _as_reading(
    attempt: Attempt, threshold: float, marks: bool, settings: ReaderSettings, pattern: Pattern | None
) -> Reading:
    """Return the reading of a picture, for what lies on the page and the characters of each row."""
    page, rows = attempt.page, attempt.rows
    rests = [left_out(its, row, page.high, settings.left_out) for its, row in zip(page.rows, rows, strict=True)]
    rows = [parted(row, rest) for row, rest in zip(rows, rests, strict=True)]
    lines = _in_lines(page, rows, settings)
    cells = {
        id(seen.piece): place[1:]
        for place, row in zip(page.places, rows, strict=True)
        for seen in row
        if place is not None and place[0] == 0
    }
    characters = tuple(
        _character(seen, page, line, column, threshold, cells.get(id(seen.piece)))
        for line, row in enumerate(lines)
        for column, seen in enumerate(row)
    )
    if pattern is not None:
        characters = with_literals(characters, pattern)
    if not marks:
        characters = digits_alone(characters)
    n_words = sum(rest.is_word for row in rests for rest in row)
    skipped = Skipped(n_words, sum(map(len, rests)) - n_words)
    return Reading(characters, _table(page, characters), page.size, skipped=skipped, turned=page.turned)


def _in_lines(page: Scan, rows: list[list[Seen]], settings: ReaderSettings) -> list[list[Seen]]:
    """Return characters in lines from top to bottom; a row of a table is a line, with what stands right beside it."""
    lines: dict[tuple[int, int], list[list[Seen]]] = {}
    for k, (place, row) in enumerate(zip(page.places, rows, strict=True)):
        line = (-1, k) if place is None else place[:2]
        if place is None and row:
            line = next((other for other in lines if _continues(row, other, page, settings.beside)), line)
        if row:
            lines.setdefault(line, []).append(row)
    found = [_side_by_side(its, _parting(page, rows, table, settings)) for (table, _), its in lines.items()]
    return sorted(found, key=lambda line: float(np.mean([seen.piece.middle[0] for seen in line])))


def _parting(page: Scan, rows: list[list[Seen]], table: int, settings: ReaderSettings) -> str:
    """Return what parts the cells of a table in a line: nothing where each has one character, as in a row of boxes."""
    cells = [len(row) for place, row in zip(page.places, rows, strict=True) if place and place[0] == table and row]
    return TAB if cells and np.mean(np.array(cells) > 1) > settings.several else ""


def _side_by_side(cells: list[list[Seen]], gap: str) -> list[Seen]:
    """Return the characters of the cells of one line, from left to right."""
    first, *others = sorted(cells, key=lambda cell: float(np.mean([seen.piece.middle[1] for seen in cell])))
    return [*first, *chain.from_iterable([replace(cell[0], gap=gap), *cell[1:]] for cell in others)]


def _continues(row: list[Seen], line: tuple[int, int], page: Scan, beside: float) -> bool:
    """Return whether all characters of a row stand in a row of a table, or close beside it or one another."""
    table, number = line
    if table < 0:
        return False
    cells = [box for (its_row, _), box in page.tables[table].cells.items() if its_row == number]
    top, bottom = np.mean([box[0] for box in cells]), np.mean([box[2] for box in cells])
    left, right = min(box[1] for box in cells), max(box[3] for box in cells)
    near = beside * float(np.median([box[3] - box[1] for box in cells]))
    for seen in sorted(row, key=lambda each: abs(each.piece.middle[1] - (left + right) / 2)):
        is_near = left - near <= seen.piece.right and seen.piece.left < right + near
        if not (is_near and top <= seen.piece.middle[0] < bottom):
            return False
        left, right = min(left, seen.piece.left), max(right, seen.piece.right)
    return True


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
    return seen.label if seen.probability >= threshold else UNSURE


def _character(
    seen: Seen, page: Scan, line: int, column: int, threshold: float, cell: tuple[int, int] | None
) -> Character:
    return Character(
        label=_label(seen, threshold),
        best=seen.label,
        probability=seen.probability,
        others=seen.others,
        box=page.box_of(seen.piece),
        line=line,
        column=column,
        image=seen.shown(page.ink),
        gap=seen.gap,
        cell=cell,
    )
