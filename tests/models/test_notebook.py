"""What a notebook shows: well-formed HTML that holds no code of others and fetches nothing."""

from base64 import b64decode
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from inkgrad.check import Kind, check_layer
from inkgrad.check.report import Finding, Report
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.layers import Chain, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU, Tanh
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.reader import Reading, Skipped
from inkgrad.reader.reading import MOST_CHARACTERS_SHOWN, Character

EVIL = "<script>alert('&')</script>"
EMPTY = {"img", "br"}  # elements without an end


class Page(HTMLParser):
    """Takes HTML apart: fails where elements do not nest, and collects their names, attributes and texts."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.rows, self.text = [], [], [], ""
        self.feed(html)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def images(self):
        return [attributes for tag, attributes in self.tags if tag == "img"]


def page(thing):
    found = Page(thing._repr_html_())
    assert {tag for tag, _ in found.tags} <= {
        "b", "br", "caption", "code", "details", "div", "figcaption", "figure", "img", "pre", "span", "summary",
        "table", "tbody", "td", "th", "thead", "tr",
    }  # fmt: skip
    for _, attributes in found.tags:
        assert set(attributes) <= {"style", "scope", "title", "src", "alt", "width", "height"}
        assert "url(" not in attributes.get("style", "")
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
    return found


@dataclass(frozen=True)
class Named(Tanh):
    name: str = EVIL


NETWORK = Chain((Conv2D(1, 4), ReLU(), MaxPool2D(), Chain((Flatten(), Dense(16, 3)))))


def model(network=NETWORK, labels=("a", "b", "c"), shape=(4, 4, 1)):
    theta = np.zeros(Layout(network.shapes()).size, np.float32)
    return Model(network, SoftmaxCrossEntropy(), theta, labels, shape)


def test_a_model_is_a_table_of_layers_with_shapes_and_parameters():
    found = page(model())
    assert [row[0] for row in found.rows[1:]] == ["0", "1", "2", "3.0", "3.1"]
    assert [row[2] for row in found.rows] == ["output", "4 × 4 × 4", "4 × 4 × 4", "2 × 2 × 4", "16", "3"]
    assert [row[3] for row in found.rows[1:]] == ["40", "", "", "", "51"]
    assert "takes 4 × 4 × 1, 91 parameters" in found.text
    assert "3 labels a, b, c" in found.text
    assert "float32" in found.text


def test_a_chain_tells_shapes_from_where_they_are_known():
    found = page(Chain((ReLU(), Dropout(0.5), Dense(3, 2), ReLU())))
    assert [row[2] for row in found.rows[1:]] == ["", "", "2", "2"]
    found = page(Chain((Flatten(), Dense(3, 2))))
    assert [row[2] for row in found.rows[1:]] == ["", "2"]
    assert page(Chain(())).rows == [["", "layer", "output", "parameters"]]


def test_a_network_that_is_one_layer_is_a_table_too():
    assert page(model(Dense(2, 3), shape=(2,))).rows[1][1:] == ["Dense(n_in=2, n_out=3, start='he')", "3", "9"]


def test_labels_layers_and_cards_cannot_bring_code_along():
    evil = model(Chain((Named(), Dense(2, 2))), (EVIL, '"'), (2,))
    assert EVIL in page(evil).text
    assert EVIL in page(evil.network).text
    carded = replace(evil, card=replace(evil.card, notes=EVIL, data="MNIST"))
    assert page(carded).text.count(EVIL) == page(evil).text.count(EVIL) + 1
    assert "data MNIST" in page(carded).text


def test_many_labels_are_cut_short():
    labels = tuple(f"label{k}" for k in range(62))
    text = page(model(Dense(2, 62), labels, (2,))).text
    assert "62 labels label0," in text
    assert "label30" not in text


def test_a_report_shows_its_arrays_findings_and_verdict(rng):
    class Wrong(Tanh):
        def vjp(self, x, y, dy):
            return 2 * super().vjp(x, y, dy)

    x = rng.normal(size=(5, 4))
    right = page(check_layer(Tanh(), x, raises=False))
    assert "the gradient is right" in right.text
    assert right.rows[1][0:3] == ["x", "20", "right"]
    assert float(right.rows[1][3]) < 1e-6
    wrong = page(check_layer(Wrong(), x, raises=False))
    assert "the gradient is wrong in 1 place" in wrong.text
    assert "x: factor: dx is 2 times what it should be" in wrong.text
    assert wrong.rows[1][0:3] == ["x", "20", "wrong"]
    assert float(wrong.rows[1][3]) == 1.0


def test_a_report_cannot_bring_code_along():
    finding = Finding("", EVIL, Kind.unknown, (), EVIL)
    assert page(Report(EVIL, (), (finding,))).text.count(EVIL) == 3


def digit(label, line=0, column=0, probability=0.9, best=None):
    image = np.arange(784, dtype=np.uint16).astype(np.uint8).reshape(28, 28)
    return Character(label, best or label, probability, (("8", 0.06), ("3", 0.01)), (0, 0, 5, 5), line, column, image)


def test_a_reading_shows_its_lines_and_each_digit_as_the_network_saw_it():
    reading = Reading((digit("4"), digit("?", 0, 1, 0.5, "7"), digit("2", 1)), None, (100, 50))
    found = page(reading)
    assert "3 digits in 2 lines, the weakest 50.0% sure; picture of 100 × 50 pixels" in found.text
    assert "4?" in found.text
    assert [image["alt"] for image in found.images] == ["4", "7", "2"]
    titles = [attributes["title"] for tag, attributes in found.tags if tag == "figure"]
    assert titles[1] == "7 50.0%, 8 6.0%, 3 1.0%"
    with Image.open(BytesIO(b64decode(found.images[0]["src"].partition(",")[2]))) as picture:
        assert np.array_equal(255 - np.asarray(picture), digit("4").image)


def test_a_reading_with_marks_tells_them_and_what_was_left_out():
    characters = (digit("1"), replace(digit(".", 0, 1), gap=" "), digit("5", 0, 2))
    found = page(Reading(characters, None, (9, 9), skipped=Skipped(2, 1), turned=90))
    assert "2 digits and 1 mark in 1 line, the weakest 90.0% sure" in found.text
    assert "9 × 9 pixels, turned by 90 degrees; 2 words and 1 blot left out" in found.text
    assert "1 .5" in found.text
    assert [image["alt"] for image in found.images] == ["1", ".", "5"]


def test_a_table_is_shown_as_a_table_and_cannot_bring_code_along():
    table = (("1", "", EVIL), ("22",))
    assert page(Reading((), table, (9, 9))).rows[1:] == [["1", "", EVIL], ["22", "", ""]]
    assert EVIL in page(Reading((), None, (0, 0), EVIL)).text
    assert EVIL in page(Reading((digit(EVIL),), None, (9, 9))).text


@pytest.mark.parametrize("n", [0, 1, MOST_CHARACTERS_SHOWN + 7])
def test_any_number_of_digits_is_shown(n):
    found = page(Reading(tuple(digit("5", k // 10, k % 10) for k in range(n)), None, (9, 9)))
    assert f"{n} digit{'s' * (n != 1)} in" in found.text
    assert len(found.images) == min(n, MOST_CHARACTERS_SHOWN)
    assert found.text.count("5555555555") >= n // 10  # the text is whole
