"""Where one digit is expected, it is the one in the middle; neighbours that the picture's edge cuts are left aside."""

import numpy as np
import pytest
from PIL import Image

from inkgrad.reader import Reader
from inkgrad.reader.expectation import parse_expectation


def cut_out(some, seed):
    """A picture of a digit, pale, with clear halves of two others at its sides; and its label."""
    rng = np.random.default_rng(seed)
    digits = rng.choice(len(some.t), 3)
    sheet = Image.new("L", (140, 60), 255)
    for k, (index, high) in enumerate(zip(digits, (56, 44, 56), strict=True)):
        digit = Image.fromarray(some.x[index, :, :, 0]).resize((high, high), Image.Resampling.BICUBIC)
        sheet.paste(0, (22 + 46 * k - high // 2 + 2, 30 - high // 2), digit)
    return sheet.crop((28, 0, 112, 60)), str(some.t[digits[1]])


def test_the_digit_in_the_middle_is_read(reader, some):
    knowing = Reader(reader.eye.model, expect=r"\d")
    pictures, labels = zip(*(cut_out(some, seed) for seed in range(16)), strict=True)
    right = sum(found.text == label for found, label in zip(knowing(pictures), labels, strict=True))
    assert right >= 14  # of 16; measured: 16, and 10 with the neighbours


@pytest.mark.parametrize(
    ("pattern", "one"),
    [(r"\d", True), ("[1-9]", True), (r"\d?", False), (r"\d{2}", False), (r"\d{1,2}", False), ("4 lines", False)],
)
def test_patterns_of_one_digit_are_known(pattern, one):
    assert parse_expectation(pattern).is_one_digit is one
