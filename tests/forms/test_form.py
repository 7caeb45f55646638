"""The file of a form: what it says, and what is refused in one line; and what a text in a field is worth."""

import re

import numpy as np
import pytest
from PIL import Image

from inkgrad.errors import DataError, PictureError
from inkgrad.forms import Field, load_form
from inkgrad.forms.field_value import value_of

FIELD = '[[field]]\nname = "code"\nkind = "code"\nbox = [10, 20, 60, 40]\n'


@pytest.fixture
def told(tmp_path):
    """Return the form that a text in a file describes."""
    Image.fromarray(np.full((200, 100), 255, np.uint8)).save(tmp_path / "sample.png")

    def load(text, sample='sample = "sample.png"\n'):
        (tmp_path / "form.toml").write_text(sample + text)
        return load_form(tmp_path / "form.toml")

    return load


def test_a_box_is_in_pixels_or_in_parts_of_the_sample(told):
    form = told(FIELD + '[[field]]\nname = "paid"\nkind = "tick"\nbox = [0.1, 0.1, 0.6, 0.2]\nempty = true\n')
    assert form.fields == (
        Field("code", "code", (10, 20, 60, 40), r"\d{1,20}"),
        Field("paid", "tick", (10, 20, 60, 40), "", empty=True),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "": "must have a [[field]] for each field, got none",
        "field = 3": "must have a [[field]] for each field",
        "[[field": "must be a form in TOML",
        "colour = 3\n" + FIELD: "a form has sample and [[field]], got 'colour'",
        FIELD + "wide = 3": "field 1 has name, kind, box, expect, empty, order, got 'wide': leave it out",
        FIELD.replace('"code"', "3", 1): "field 1: name must be a text in quotes, got 3",
        FIELD.replace('kind = "code"\n', ""): "field 1 must have name, kind and box: add kind",
        FIELD.replace('kind = "code"', 'kind = "word"'): "kind is number, amount, date, code, tick, got 'word'",
        FIELD.replace('"code"', '"page"', 1): "a name is of letters, and not page or error",
        FIELD + FIELD: "each field has a name of its own, got 'code' twice",
        FIELD.replace("60,", ""): "box must be [left, top, right, bottom], four numbers",
        FIELD.replace("60", "600"): "within the sample of 100 × 200 pixels, at least 4 wide and high",
        FIELD.replace("60", "11"): "at least 4 wide and high",
        FIELD + "expect = '[a-z]'": "field 1: expect takes digits or signs in brackets",
        FIELD + 'order = "yyy"': "order is dmy, mdy, ymd, got 'yyy'",
        FIELD.replace('kind = "code"', 'kind = "tick"') + "expect = '1'": "a tick box takes no expect",
    }.items(),
)
def test_what_makes_no_form_is_refused_in_one_line(text, words, told):
    with pytest.raises(DataError, match=re.escape(words)) as refused:
        told(text)
    assert "\n" not in str(refused.value)


def test_a_form_without_a_sample_is_refused(told, tmp_path):
    with pytest.raises(DataError, match="must say what the form looks like: add sample"):
        told(FIELD, sample="")
    with pytest.raises(FileNotFoundError):
        told(FIELD, sample='sample = "other.png"\n')
    with pytest.raises(PictureError, match=r"form\.toml must be an undamaged picture"):
        told(FIELD, sample='sample = "form.toml"\n')


@pytest.mark.parametrize(
    ("kind", "expect", "order", "text", "value"),
    [
        ("number", r"\d{1,3}", "dmy", "007", "7"),
        ("number", r"-?\d{1,9}", "dmy", "-12", "-12"),
        ("amount", r"\d{1,3}(,\d{3})?[.,]\d{2}", "dmy", "1,250.00", "1250.00"),
        ("amount", r"\d{1,3}[.,]\d{2}", "dmy", "12,50", "12.50"),
        ("code", r"\d{5}", "dmy", "00123", "00123"),
        ("date", r"\d{1,2}\.\d{1,2}\.\d{4}", "dmy", "7.12.2024", "2024-12-07"),
        ("date", r"\d{1,2}/\d{1,2}/\d{2}", "mdy", "12/07/69", "2069-12-07"),
        ("date", r"\d{8}", "ymd", "20241207", "2024-12-07"),
        ("date", r"\d{6}", "dmy", "071271", "1971-12-07"),
        ("tick", "", "dmy", "yes", "yes"),
    ],
)
def test_a_text_is_worth_what_its_kind_says(kind, expect, order, text, value):
    assert value_of(Field("it", kind, (0, 0, 9, 9), expect, order=order), text) == value


@pytest.mark.parametrize(
    ("kind", "expect", "text", "words"),
    [
        ("number", r"\d{3}", "", "it must not be empty"),
        ("number", r"\d{3}", "12", r"it must be as \d{3}, got '12'"),
        ("code", r"\d{2}-\d", "123", r"it must be as \d{2}-\d, got '123'"),
        ("date", r"\d{2}\.\d{2}\.\d{4}", "31.02.2024", "it must be a date: day, month, year, got '31.02.2024'"),
        ("date", r"\d{2}\.\d{2}\.\d{4}", "11.09.2623", "it must be a date of the years 1800 to 2199, got '11.09.2623'"),
        ("amount", r"[\d.]{5}", "1.2.3", "it must be one number, such as 1250 or 12.50, got '1.2.3'"),
        ("tick", "", "maybe", "it is yes or no, got 'maybe'"),
    ],
)
def test_a_text_that_breaks_the_pattern_is_refused(kind, expect, text, words):
    with pytest.raises(DataError, match=re.escape(words)):
        value_of(Field("it", kind, (0, 0, 9, 9), expect), text)


def test_a_field_that_may_be_empty_may():
    assert value_of(Field("it", "date", (0, 0, 9, 9), r"\d{8}", empty=True), "") == ""
