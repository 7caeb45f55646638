"""Amounts: what is written is said, marks stand where they do, and what lies around says nothing."""

import re

import numpy as np
import pytest
from scipy import ndimage

from inkgrad.data import Examples
from inkgrad.errors import SettingError
from lab.synthetic import FormField, Look, compose, write_amount
from lab.synthetic.amounts import FORMS, amount_text
from lab.synthetic.marks import MARKS, marked, printed_word
from lab.synthetic.prints import Guilloche, Tint
from lab.synthetic.view import view_of

RED = Look(ink=(255, 0, 0))


@pytest.fixture(scope="module")
def some(digits):
    """The first digits of MNIST."""
    return Examples(digits.train.x[:1000], digits.train.t[:1000])


def rng(seed=0):
    return np.random.default_rng(seed)


def red(picture):
    """Where red ink is, seen on any print of other colours."""
    return (picture[:, :, 0] > 150) & (picture[:, :, 1:].max(axis=2) < 80)


def test_amounts_are_of_many_patterns():
    texts = [amount_text(rng(seed)) for seed in range(400)]
    patterns = (
        r"\d+\.\d\d", r"\d+,\d\d", r"\d{1,3}(,\d{3})+\.\d\d", r"\d{1,3}( \d{3})+,\d\d", r"\d+/-", r"-\d+", r"\(\d+\)",
        r"\d{4}-\d\d-\d\d", r"\d\d/\d\d/\d{4}", r"\d\d?\.\d\d?\.\d\d", r"\d\d:\d\d", r"\d+", r"\*\*\d+[.,]\d\d\*\*",
    )  # fmt: skip
    for pattern in patterns:
        assert any(re.fullmatch(pattern, text) for text in texts), pattern
    assert {character for text in texts for character in text} <= {*"0123456789 ", *MARKS}


@pytest.mark.parametrize(
    ("mark", "top", "bottom"),
    [(".", 0.8, 1.1), (",", 0.75, 1.3), ("-", 0.35, 0.7), (":", 0.25, 1.1), ("=", 0.3, 0.8), ("/", -0.3, 1.2)],
)
def test_a_mark_stands_where_it_does_beside_digits(mark, top, bottom):
    for seed in range(20):
        placed = marked(mark, Look(height=100, pen=0.07, unsteady=1), rng(seed))
        box = np.array(placed.box)
        assert box[0] == pytest.approx(0, abs=1e-9)
        assert top <= 1 + box[1] / 100
        assert 1 + box[3] / 100 <= bottom
        assert placed.glyph.label == mark


@pytest.mark.parametrize("height", [22, 100])
@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_seen_in_the_picture(some, mark, height):
    look = Look(height=height, unsteady=0, pen=0.07)
    bare, with_mark = (write_amount(text, FormField(), look, rng(), some).picture for text in ("12", f"12{mark}"))
    assert (with_mark < 128).sum() > (bare < 128).sum() + 3


def test_a_space_is_wider_than_a_gap(some):
    def widest(text, seed):
        ink = red(write_amount(text, FormField(), RED, rng(seed), some).picture).any(axis=0)
        inside = ink[ink.argmax() : len(ink) - ink[::-1].argmax()]
        labels, n = ndimage.label(~inside)
        return np.bincount(labels)[1:].max() if n else 0

    for seed in range(5):
        assert widest("11 11", seed) > 1.4 * widest("1111", seed)


@pytest.mark.parametrize(
    ("form", "before"), [("cheque", "currency"), ("underlined", "word"), ("cells", "print"), ("slip", "")]
)
def test_what_stands_beside_an_amount_says_nothing(some, form, before):
    page = write_amount("-12.50", FormField(form, True, before, "closing", True), Look(), rng(), some)
    alone = write_amount("-12.50", FormField(), Look(), rng(), some)
    assert (page.text, page.kind) == ("-12.50", "amounts")
    assert [digit.label for digit in page.digits] == list("1250")
    assert (page.picture < 200).sum() > (alone.picture < 200).sum()


@pytest.mark.parametrize("form", FORMS)
def test_all_of_the_writing_is_in_the_picture(some, form):
    for seed in range(3):
        ink = red(write_amount("(12,5)", FormField(form, before="word", after="closing"), RED, rng(seed), some).picture)
        assert ink.any()
        assert not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()


def test_amounts_have_colours_beside_their_ink(some):
    hues = set()
    for seed in range(12):
        picture = compose("amounts", rng(seed), some).picture.astype(int)
        hues.add(int(np.percentile(np.ptp(picture, axis=2), 90)) // 20)
    assert len(hues) >= 3


def test_prints_cover_their_place_alone():
    view = view_of(200, 100, Look(), rng())
    tint = Tint((200, 220, 255), (50, 20, 150, 80)).cover(view)
    assert tint[25:75, 55:145].min() == 1
    assert tint[:, :49].max() == tint[:19].max() == 0
    waves = Guilloche((90, 140, 205), (50, 20, 150, 80), 10, 6, 40, 0.1, 1.2, 0.4).cover(view)
    assert waves[:, :49].max() == 0
    assert waves.max() == pytest.approx(0.4)
    assert 0.05 < (waves[30:70, 60:140] > 0.2).mean() < 0.4  # lines, not a tint


def test_a_printed_word_is_as_high_as_said():
    placed = printed_word("HAT", "DejaVuSans", 40)
    left, top, _, bottom = placed.box
    assert (left, bottom - top) == (0, pytest.approx(40, abs=2))
    assert bottom == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("", FormField(), "an amount is of digits, the marks .* and single spaces, got ''"),
        ("12a", FormField(), "got '12a'"),
        ("1  2", FormField(), "got '1  2'"),
        (" 12", FormField(), "got ' 12'"),
        ("12", FormField("letter"), "forms are cheque, underlined, cells, slip, got 'letter'"),
    ],
)
def test_silly_amounts_are_refused(some, text, field, message):
    with pytest.raises(SettingError, match=message):
        write_amount(text, field, Look(), rng(), some)
