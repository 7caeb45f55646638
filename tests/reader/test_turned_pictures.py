"""Pictures that do not stand upright are turned to be read, where that is clearly better; others stay as they are."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inkgrad.metrics import edits_between
from inkgrad.pictures import Piece
from inkgrad.reader import Reader
from inkgrad.reader.choice import TURNS, Attempt, ChoiceSettings
from inkgrad.reader.seen import Seen
from lab.synthetic import Look, write_line, write_lines, write_single, write_table

QUARTERS = 1, 2, 3  # that a picture is turned anticlockwise; it is read turned back, clockwise


def pages_of(write, n):
    return [write(np.random.default_rng(seed)) for seed in range(n)]


@pytest.fixture(scope="module")
def pages(some):
    return pages_of(lambda rng: write_lines(["3141592", "2718281", "5772156"], Look(), rng, some), 4)


@pytest.mark.parametrize("quarters", QUARTERS)
def test_pages_that_lie_turned_are_turned_to_be_read(reader, pages, quarters):
    readings = reader([np.rot90(page.picture, quarters) for page in pages])
    assert [reading.turned for reading in readings] == [90 * quarters] * len(pages)
    wrong = sum(edits_between(reading.text, page.text) for reading, page in zip(readings, pages, strict=True))
    assert wrong <= 0.03 * sum(len(page.text) for page in pages)


@pytest.mark.parametrize("quarters", [0, *QUARTERS])
@pytest.mark.parametrize("rotation", [0, 5])
def test_boxes_are_in_the_picture_as_it_was_given(reader, some, quarters, rotation):
    page = write_lines(["31415", "27182", "57721"], Look(rotation=rotation), np.random.default_rng(0), some)
    height, width = page.picture.shape[:2]
    reading = reader.read(np.rot90(page.picture, quarters))
    assert reading.turned == 90 * quarters
    assert reading.size == ((width, height) if quarters % 2 == 0 else (height, width))
    assert len(reading.digits) == len(page.digits)
    for digit, true in zip(reading.digits, page.digits, strict=True):
        (left, top), (right, bottom) = (turned(corner, width, height, quarters) for corner in corners(true.box))
        middle = np.array([left + right, top + bottom]) / 2
        assert digit.box[0] < middle[0] < digit.box[2]
        assert digit.box[1] < middle[1] < digit.box[3]


def corners(box):
    return box[:2], box[2:]


def turned(point, width, height, quarters):
    """Where a point of a picture is, once that is turned anticlockwise."""
    x, y = point
    return [(x, y), (y, width - x), (width - x, height - y), (height - y, x)][quarters]


@pytest.mark.parametrize("quarters", QUARTERS)
def test_a_turned_table_keeps_its_cells(reader, some, quarters):
    page = write_table(5, 3, Look(), np.random.default_rng(3), some)
    reading = reader.read(np.rot90(page.picture, quarters))
    assert reading.turned == 90 * quarters
    assert reading.table == reader.read(page.picture).table


@pytest.mark.parametrize("text", ["6999", "8008", "0690", "1000", "619", "1961", "96"])
def test_what_could_be_read_in_two_turns_stays(reader, some, text):
    pages = pages_of(lambda rng: write_line(text, Look(), rng, some), 8)
    assert [reading.turned for reading in reader([page.picture for page in pages])] == [0] * 8


def test_a_single_digit_is_never_turned(reader, some):
    pictures = [page.picture for page in pages_of(lambda rng: write_single(Look(), rng, some), 20)]
    readings = reader([np.rot90(picture, quarters) for picture in pictures for quarters in (0, 1, 2)])
    assert {reading.turned for reading in readings} == {0}


def test_what_one_digit_is_expected_of_is_never_turned(reader, pages):
    knowing = Reader(reader.eye.model, reader.line_eye.model, expect=r"\d")
    assert {reading.turned for reading in knowing([np.rot90(page.picture) for page in pages])} == {0}


@pytest.mark.parametrize("quarters", QUARTERS)
def test_a_turned_picture_is_read_as_what_is_expected(reader, pages, quarters):
    knowing = Reader(reader.eye.model, reader.line_eye.model, expect="3 lines of 7")
    reading = knowing.read(np.rot90(pages[0].picture, quarters))
    assert (reading.turned, reading.text) == (90 * quarters, pages[0].text)


def test_noise_and_blank_paper_are_not_turned(reader):
    noise = np.random.default_rng(0).integers(200, 256, (300, 200), np.uint8)
    readings = reader([noise, np.full((200, 300), 255, np.uint8)])
    assert [(reading.turned, reading.error) for reading in readings] == [(0, None)] * 2


def attempt(n, p, alone=1.0):
    """A row of so many characters, each of that probability, and how sure the recogniser of lines was alone."""
    piece = Piece(0, 0, np.ones((20, 12), bool))
    row = [Seen(piece, "8", {"8": p, "3": 1 - p}) for _ in range(n)]
    return Attempt(SimpleNamespace(rows=[[piece] * max(n, 2)]), [row], alone)


@pytest.mark.parametrize(
    ("n", "sure", "turns"),
    [(8, 0.97, ()), (8, 0.93, (180,)), (8, 0.9, TURNS), (3, 0.93, TURNS), (4, 0.93, (180,)), (0, 0.5, TURNS)],
)
def test_only_what_is_quite_unsure_is_tried_on_its_side(n, sure, turns):
    assert attempt(n, sure).turns(ChoiceSettings()) == turns
    assert attempt(n, 1.0, sure).turns(ChoiceSettings()) == turns


def test_words_are_not_turned():
    assert replace(attempt(0, 0.5), words=True).turns(ChoiceSettings()) == ()
