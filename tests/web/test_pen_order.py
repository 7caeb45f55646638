"""The order in which a pen may have written a digit."""

import numpy as np
import pytest

from inkgrad.data import mnist
from inkgrad.web.pen_order import pen_order


def image_of(*rectangles):
    """An image with ink in rectangles (top, left, bottom, right)."""
    image = np.zeros((28, 28), np.uint8)
    for top, left, bottom, right in rectangles:
        image[top:bottom, left:right] = 255
    return image


def test_a_seven_is_written_from_its_upper_left_end():
    order = pen_order(image_of((5, 6, 8, 20), (5, 17, 24, 20)))
    assert order[6, 8] < order[6, 14] < order[10, 18] < order[16, 18] < order[22, 18]
    assert (order.min(), order.max()) == (0, 255)


def test_a_cross_is_written_straight_on():
    order = pen_order(image_of((4, 12, 24, 15), (12, 4, 15, 24)))
    down, across = order[4:24, 13].astype(int), order[13, 4:24].astype(int)
    is_first = down[[0, -1]].mean() < across[[0, -1]].mean()
    assert is_first  # the pen begins above, and is lifted at the foot
    assert (np.diff(down) >= 0).mean() > 0.9


def test_a_ring_is_written_once_around_from_its_top_to_the_left():
    rows, columns = np.indices((28, 28))
    away = np.hypot(rows - 14, columns - 14)
    order = pen_order(np.where((away > 7) & (away < 10), 255, 0).astype(np.uint8))
    top, left, foot, right = order[5, 14], order[14, 5], order[22, 14], order[14, 22]
    assert min(top, 255 - top) < left < foot < right


@pytest.mark.parametrize("image", [image_of(), image_of((13, 13, 14, 14))], ids=["no ink", "a dot"])
def test_what_has_no_stroke_is_there_at_once(image):
    assert pen_order(image).max() == 0


@pytest.mark.parametrize("index", range(20))
def test_the_ink_of_a_test_digit_comes_bit_by_bit(index):
    image = mnist().test.x[index, :, :, 0]
    order = pen_order(image)[image > 0]
    come = [(order <= 255 * part).mean() for part in (0.25, 0.5, 0.75, 1)]
    assert come[-1] == 1
    assert max(np.diff([0, *come])) < 0.6
