"""Made-up lines: they say what is on them, each kind can be left out and is seen, and a seed makes the same again."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from inkgrad.costs import CTC
from inkgrad.costs.line_targets import frames_needed, line_targets
from inkgrad.data import Examples
from inkgrad.errors import DataError, SettingError
from lab.synthetic.lines import ALPHABET, KINDS_OF_LINES, LineKinds, LineMaker
from lab.synthetic.lines.__main__ import main
from lab.synthetic.lines.stamps import Pen, field_stamp, font_stamp, stroke_field, stroke_stamp
from lab.synthetic.lines.texts import text_of
from lab.synthetic.lines.ways import MARK_WAYS
from lab.synthetic.strokes import strokes_of

SAY = ("marks", "random_marks", "spaces", "zeros", "nothing")  # change what is said
NEED = {  # what a kind needs beside it to be seen
    "broken": ("boxes",), "pale": ("boxes",), "mixed": ("boxes",), "tall_six": ("marks",), "linked_zeros": ("zeros",),
}  # fmt: skip


@pytest.fixture(scope="module")
def some(digits):
    """The first digits of MNIST."""
    return Examples(digits.train.x[:500], digits.train.t[:500])


def made(some, kinds, n=12, seed=0):
    return LineMaker(some, kinds).lines(n, np.random.default_rng(seed))


def differ(first, second):
    return first.ink.shape != second.ink.shape or bool((first.ink != second.ink).any())


def test_lines_are_in_the_line_form(some):
    for line in made(some, LineKinds(), 150):
        assert line.ink.dtype == np.float32
        assert line.ink.shape[0] == 32
        assert 1 <= line.ink.shape[1] <= 256
        assert line.ink.min() >= 0
        assert line.ink.max() <= 1
        assert line.ink.max() > 0.5  # none is empty


def test_lines_say_characters_of_the_alphabet(some):
    texts = [line.text for line in made(some, LineKinds(nothing=0), 150)]
    assert not set("".join(texts)) - set(ALPHABET)
    assert all(text and text == text.strip() for text in texts)


def test_each_text_has_the_frames_that_it_needs(some):
    lines = made(some, LineKinds(touching=1, zeros=1), 60)
    classes = [[1 + ALPHABET.index(character) for character in line.text] for line in lines]
    targets = line_targets(classes, [line.ink.shape[1] // 4 for line in lines])
    assert (frames_needed(targets) <= targets[:, 0]).all()
    logits = np.zeros((len(lines), int(targets[:, 0].max()), 1 + len(ALPHABET)))
    assert np.isfinite(CTC().losses(logits, targets)).all()


def test_the_same_seed_makes_the_same_lines(some):
    first, second, other = (made(some, LineKinds(), seed=seed) for seed in (3, 3, 4))
    for a, b, c in zip(first, second, other, strict=True):
        np.testing.assert_array_equal(a.ink, b.ink)
        assert a.text == b.text
        assert differ(a, c)


def test_lines_do_not_depend_on_those_before(some):
    maker = LineMaker(some)
    maker.lines(20, np.random.default_rng(9))
    np.testing.assert_array_equal(maker.line(np.random.default_rng(1)).ink, made(some, LineKinds(), 1, seed=1)[0].ink)


@pytest.mark.parametrize("kind", KINDS_OF_LINES)
def test_each_kind_can_be_left_out_and_is_seen(some, kind):
    besides = NEED.get(kind, ())
    without, with_it = (made(some, LineKinds.only((*besides, *more))) for more in ((), (kind,)))
    seen = [differ(a, b) for a, b in zip(without, with_it, strict=True)]
    assert any(seen)
    assert all(seen) or kind not in ("boxes", "rules", "guilloche", "pencil", "noise", "blur", "jpeg", "enlarged")


@pytest.mark.parametrize("kind", sorted(set(KINDS_OF_LINES) - set(SAY) - {"spread"}))
def test_what_is_seen_does_not_change_what_is_said(some, kind):
    """But where a line became too wide, and another is made."""
    pairs = [[made(some, LineKinds.only(kinds), 1, seed)[0].text for kinds in ((), (kind,))] for seed in range(12)]
    assert sum(a.startswith(b[:3]) or b.startswith(a[:3]) for a, b in pairs) >= 9


def test_plain_lines_have_digits_alone():
    rng = np.random.default_rng(0)
    assert all(re.fullmatch(r"\d{1,12}", text_of(LineKinds.only(), rng, 16)) for _ in range(200))


@pytest.mark.parametrize(
    ("kind", "pattern", "share"),
    [
        ("marks", r".*[-.,/:=+()*#].*", 0.75),
        ("random_marks", r"(?=.*\d).*[-.,/:=+()*#].*", 1),
        ("spaces", r"[\d]+( \d+)+", 1),
        ("zeros", r".*00.*", 1),
        ("nothing", r"", 1),
    ],
)
def test_texts_are_of_their_kind(kind, pattern, share):
    rng = np.random.default_rng(0)
    found = [bool(re.fullmatch(pattern, text_of(LineKinds.only([kind]), rng, 16))) for _ in range(200)]
    assert np.mean(found) >= share


@pytest.mark.parametrize("longest", [2, 3, 5, 9, 16])
def test_texts_are_no_longer_than_asked(longest):
    rng = np.random.default_rng(0)
    texts = [text_of(LineKinds(), rng, longest) for _ in range(300)]
    assert max(map(len, texts)) <= longest
    assert all(text == text.strip() for text in texts)


@pytest.mark.parametrize(
    "example",
    [
        r"\d+[.,]\d\d",
        r"\d{1,3}(,\d{3})+(\.\d\d)?",
        r"-\d+",
        r"\d{4}-\d\d-\d\d",
        r"\d\d/\d\d/\d{4}",
        r"\d\d:\d\d",
        r"#.+",
    ],
)
def test_patterns_that_people_write_are_among_the_texts(example):
    rng = np.random.default_rng(0)
    assert any(re.fullmatch(example, text_of(LineKinds.only(["marks"]), rng, 16)) for _ in range(2000))


def test_marks_look_different_from_each_other(some):
    """Each drawn mark is nearest to the mean of its own kind, where all are scaled alike."""
    rng, pen = np.random.default_rng(0), Pen(1.2)

    def sheet(mark):
        way = MARK_WAYS[mark][rng.integers(len(MARK_WAYS[mark]))]
        stamp = stroke_stamp(strokes_of(way), 30, 1, pen, rng)
        canvas = np.zeros((60, 60), np.float32)
        canvas[40 - stamp.top :][: len(stamp.ink), : stamp.ink.shape[1]] = stamp.ink
        return canvas[::3, ::3]

    means = {mark: np.mean([sheet(mark) for _ in range(60)], axis=0) for mark in MARK_WAYS}
    for mark in MARK_WAYS:
        near = [
            min(means, key=lambda other: np.square(means[other] - drawn).sum()) for drawn in map(sheet, [mark] * 20)
        ]
        assert near.count(mark) >= 10


@pytest.mark.parametrize("half", [0.8, 2.0, 3.0])
@pytest.mark.parametrize("height", [14, 30, 50])
def test_a_digit_is_as_high_as_asked_whatever_the_pen(some, height, half):
    for image in some.x[:30, :, :, 0]:
        ink = field_stamp(stroke_field(image), height, 1, Pen(half)).ink
        assert len(ink) == pytest.approx(height, abs=2 + 0.1 * height)
        assert ink.max() > 0.5


def test_a_thicker_pen_leaves_more_ink(some):
    fields = [stroke_field(image) for image in some.x[:20, :, :, 0]]
    inks = [[field_stamp(field, 40, 1, Pen(half)).ink.sum() for half in (1.2, 2.4, 3.6)] for field in fields]
    assert (np.diff(inks, axis=1) > 0).all()


def test_printed_marks_stand_where_the_font_has_them():
    comma, digit, minus = (font_stamp(text, "DejaVuSans", 40) for text in ",8-")
    assert len(comma.ink) > comma.top > 0  # it goes below the line
    assert abs(len(digit.ink) - digit.top) <= 1
    assert minus.top < digit.top
    assert minus.top - np.flatnonzero(minus.ink.any(axis=1))[-1] > 5  # it hangs over the line


def test_kinds_are_refused_that_are_none():
    with pytest.raises(SettingError, match=r"LineKinds takes marks from 0 to 1, got 1\.5"):
        LineKinds(marks=1.5)
    with pytest.raises(SettingError, match="LineKinds takes blur from 0 to 1, got nan"):
        replace(LineKinds(), blur=float("nan"))
    with pytest.raises(SettingError, match=r"kinds of lines are marks, .*, got 'hats'"):
        LineKinds.only(["marks", "hats"])


def test_digits_are_refused_that_are_none(some):
    with pytest.raises(DataError, match=r"digits are uint8 \(N, 28, 28, 1\), got uint8 of shape \(500, 14, 56, 1\)"):
        LineMaker(Examples(some.x.reshape(-1, 14, 56, 1), some.t))
    with pytest.raises(DataError, match=r"none of the \d+ examples is a 7"):
        LineMaker(Examples(some.x[some.t != 7], some.t[some.t != 7]))


def test_a_contact_sheet_shows_lines(tmp_path):
    sheets = []
    for name, n in ("four.png", 4), ("again.png", 4), ("eight.png", 8):
        main(["--out", str(tmp_path / name), "--kinds", "marks,boxes", "--n", str(n)])
        sheets.append(np.asarray(Image.open(tmp_path / name)))
    np.testing.assert_array_equal(sheets[0], sheets[1])
    assert len(sheets[2]) == 2 * len(sheets[0])
    np.testing.assert_array_equal(sheets[2][: len(sheets[0])], sheets[0])
    assert sheets[0].min() < 60


def test_a_contact_sheet_of_no_kind_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "sheet.png"), "--kinds", "hats"])
    assert "kinds of lines are marks" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["--n", "0", "--mixed"], ["--seed", "-1"]])
def test_a_contact_sheet_that_cannot_be_is_refused(tmp_path, capsys, asked):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "sheet.png"), *asked])
    assert "--n is 1 or more and --seed 0 or more, got" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("none/sheet.png", "there is no such folder, make it first"),
        ("sheet.xyz", "no name of a picture"),
        (".", "no name"),
    ],
)
def test_a_contact_sheet_that_cannot_be_written_is_refused(tmp_path, capsys, out, words):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / out)])
    assert words in capsys.readouterr().err
