"""The glossary says where each word is in the code, and there it is."""

import re

import pytest
from support import ROOT

from inkgrad.errors import MissingExtra

PLACE = re.compile(r"\[([\w.]+)\]\(([^)]+)\)")
PLACES = PLACE.findall((ROOT / "docs" / "glossary.md").read_text())


@pytest.mark.parametrize(("name", "page"), PLACES, ids=lambda value: value.rpartition("/")[2])
def test_a_word_is_where_the_glossary_says(name, page):
    part = page.removeprefix("reference/").removesuffix(".md")
    if page.startswith("../"):
        text = (ROOT / "docs" / page).read_text()
        assert page.endswith(name) or re.search(rf"\b(class|def) {name.rpartition('.')[2]}\b", text)
    elif name != part:
        value = pytest.importorskip(part, exc_type=MissingExtra)
        for each in name.split("."):
            value = getattr(value, each)


def test_no_word_has_two_meanings():
    words = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    singles = [each.strip("`* ") for word in words if word not in ("word", "--") for each in word.split(",")]
    assert len(singles) > 50
    assert len(singles) == len(set(singles))


def test_a_place_that_is_not_there_is_seen():
    with pytest.raises(AttributeError):
        test_a_word_is_where_the_glossary_says("Nothing", "reference/inkgrad.layers.md")
    with pytest.raises(AssertionError):
        test_a_word_is_where_the_glossary_says("Nothing", "../src/inkgrad/layout.py")
