"""Clear ink is not left out: zeros that are linked, and a digit much taller than its neighbours."""

from itertools import combinations, product

import numpy as np
from PIL import Image, ImageDraw
from support.cutting import read_in_pieces

from inkgrad.pictures import Piece, cut_apart
from inkgrad.pictures.pieces import CutSettings, joined
from inkgrad.reader import ReaderSettings
from inkgrad.reader.lattice import LatticeSettings
from inkgrad.reader.parsing import ParsingSettings
from lab.synthetic.lines import LineKinds, LineMaker

HIGH, WIDE = 60, 36  # pixels of a zero


def zeros(n, stroke=6):
    """A chain of n zeros whose walls are one stroke, as ink."""
    sheet = Image.new("L", (n * (WIDE - stroke) + 40, HIGH + 30))
    pen = ImageDraw.Draw(sheet)
    for k in range(n):
        left = 15 + k * (WIDE - stroke)
        pen.rounded_rectangle((left, 15, left + WIDE - 1, 14 + HIGH), 16, outline=255, width=stroke)
    return np.asarray(sheet, np.float32) / 255


def chain(ink):
    (rows, columns) = np.nonzero(ink)
    mask = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] > 0
    return Piece(int(rows.min()), int(columns.min()), mask)


def parts_like(parts, left, right):
    """How well some neighbouring parts agree with the columns of a zero: the best intersection over union."""
    return max(
        (min(whole.right, right) - max(whole.left, left)) / (max(whole.right, right) - min(whole.left, left))
        for start, stop in combinations(range(len(parts) + 1), 2)
        for whole in [joined(parts[start:stop])]
    )


def test_a_chain_of_zeros_is_cut_between_them():
    ink = zeros(4)
    places = [(15 + k * (WIDE - 6), 15 + k * (WIDE - 6) + WIDE) for k in range(4)]
    around, through = (cut_apart(chain(ink), ink, HIGH, CutSettings(hole=hole)) for hole in (1.0, 0.0))
    assert min(parts_like(around, *place) for place in places) >= 0.8
    assert sum(part.mask.sum() for part in around) == (ink > 0).sum()
    assert min(parts_like(through, *place) for place in places) < 0.8


THROUGH_HOLES = ReaderSettings(
    parsing=ParsingSettings(cuts=CutSettings(hole=0), lattice=LatticeSettings(shared_atom=0))
)


def test_linked_zeros_are_read(reader, some):
    maker, rng = LineMaker(some, LineKinds.only(["zeros", "linked_zeros"])), np.random.default_rng(3)
    lines = [line for line in maker.lines(40, rng) if "00" in line.text][:16]
    right = {"as usual": 0, "through holes": 0}
    for line in lines:
        picture = Image.fromarray(np.uint8(255 - 255 * line.ink))
        picture = picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.BICUBIC)
        for name, settings in ("as usual", ReaderSettings()), ("through holes", THROUGH_HOLES):
            right[name] += read_in_pieces(picture, reader.eye, settings) == line.text
    assert right["as usual"] >= 7  # of 16; measured: 8
    assert right["through holes"] <= 5  # 4


def test_a_tall_six_beside_small_zeros_is_read(reader, some):
    right = 0
    for seed, times in product(range(8), (1.7, 1.9)):
        rng = np.random.default_rng(seed)
        sheet, left = Image.new("L", (300, 160), 255), 20
        for label, high in ((6, 36 * times), (0, 36), (0, 36), (0, 36)):
            image = some.x[rng.choice(np.flatnonzero(some.t == label)), :, :, 0]
            rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
            digit = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
            digit = digit.resize((round(digit.width * high / digit.height), round(high)), Image.Resampling.BICUBIC)
            sheet.paste(0, (left, 120 - digit.height), digit)
            left += digit.width + 12
        right += read_in_pieces(sheet, reader.eye) == "6000"
    assert right >= 10  # of 16; measured: 11, and 7 where tall digits are as improbable whole as cut
