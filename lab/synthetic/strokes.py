"""Strokes: digits as pens write them in other countries than MNIST's, from a few points a stroke.

MNIST was written in the United States.  Elsewhere a 1 has an upstroke, some a foot, a 7 has a bar, a 4 is
closed, or its second stroke is short and low, and a 9 has a straight or a hooked leg, or one as long as it is wide.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from inkgrad.arrays import NDArray

Point = tuple[float, float]
Stroke = tuple[Point, ...]

# The ways to write each digit.  A way is strokes with "/" between them, a stroke is points "right,down" in
# hundredths of the width, in a box 100 wide and 150 high.  A curve runs between the points (a quadratic
# B-spline); at a point that is said twice it has a corner.
WAYS: dict[int, tuple[str, ...]] = {
    0: (
        "50,0 10,10 0,75 15,145 55,150 95,130 100,70 85,10 50,0",
        "60,5 20,20 0,90 30,150 80,130 95,60 70,0 40,10",
    ),
    1: (
        "50,0 50,150",
        "5,60 55,0 55,0 55,150",
        "20,40 50,0 50,0 50,150",
        "10,75 70,0 70,0 50,150",
        "-15,65 70,0 70,0 60,150",
        "-10,90 30,60 75,0 75,0 70,150",
        "20,30 50,0 50,0 50,150 / 15,150 85,150",
        "0,125 40,85 / 80,0 75,150",
        "55,55 75,45 85,0 85,0 80,150 / -5,125 40,110",
    ),
    2: (
        "5,40 15,0 85,0 90,50 50,100 0,150 0,150 100,150",
        "10,30 50,-5 90,30 60,90 0,150 0,150 40,140 100,150",
        "0,40 50,-10 95,40 50,120 10,150 5,120 50,135 100,150",
        "0,5 85,0 85,0 5,145 5,145 95,150",
    ),
    3: (
        "5,20 50,-10 95,30 70,70 35,70 35,70 100,75 100,130 40,160 0,130",
        "5,0 90,0 90,0 40,60 40,60 100,65 100,140 30,155 0,130",
        "0,10 80,-5 85,50 40,75 40,75 100,90 70,150 0,145",
    ),
    4: (
        "75,150 75,0 75,0 0,100 0,100 100,100",
        "20,0 5,80 5,80 95,80 / 75,5 70,150",
        "45,0 0,95 0,95 100,90 / 70,45 60,150",
        "10,10 10,70 30,85 80,70 / 85,0 80,150",
        "60,0 5,90 5,90 80,85 80,85 75,150",
        "70,0 0,90 10,105 95,95 / 85,65 75,150",
        "30,0 0,100 30,110 100,95 / 75,60 65,150",
        "55,0 5,100 0,118 100,90 / 98,100 75,150",
        "50,0 5,50 0,105 30,120 100,110 / 108,70 85,90 75,150",
        "35,0 0,75 0,75 70,78 100,82 85,115 80,150",
        "70,0 15,60 5,110 40,120 105,100 / 95,105 85,150",
        "65,5 0,80 0,80 85,90 / 95,0 92,150",
    ),
    5: (
        "95,0 20,0 20,0 10,65 10,65 60,50 100,90 80,150 30,155 0,135",
        "25,5 15,60 15,60 90,55 100,120 60,155 0,140 / 25,5 100,0",
        "100,5 30,10 20,60 80,80 90,120 50,150 0,140",
        "0,18 100,8 / 10,18 8,50 30,68 / 60,78 85,100 50,135 5,145",
    ),
    6: (
        "80,0 30,30 -5,100 20,155 80,150 100,110 70,75 20,90 5,120",
        "35,0 5,60 0,130 40,155 95,140 80,90 40,90 5,120",
        "95,15 50,-10 0,50 0,140 60,160 105,120 70,70 10,95",
    ),
    7: (
        "0,5 100,0 100,0 35,150",
        "0,5 100,0 100,0 35,150 / 25,75 95,70",
        "0,30 5,5 5,5 100,0 100,0 50,80 40,150 / 20,75 90,75",
        "0,15 30,0 60,15 100,0 100,0 45,80 40,150",
        "5,25 10,5 10,5 95,5 95,5 55,70 50,150",
    ),
    8: (
        "55,70 0,50 15,0 80,-5 95,40 10,95 0,140 50,160 105,130 80,85 45,68",
        "90,15 40,-10 0,30 40,75 100,110 60,160 0,140 20,95 95,20",
        "50,0 10,10 10,60 50,70 90,60 90,10 50,0 / 50,70 0,80 0,145 50,150 100,145 100,80 50,70",
    ),
    9: (
        "95,30 60,-10 0,20 10,80 60,85 95,30 95,30 90,150",
        "95,30 50,-10 0,30 20,85 80,70 95,30 95,30 95,120 60,155 5,140",
        "85,15 30,-10 0,50 40,85 90,40 90,10 90,10 90,80 40,150",
        "90,10 20,-5 0,55 50,70 95,10 95,10 100,110 60,155 -10,145",
        "80,10 40,-5 10,30 50,55 80,20 90,60 70,120 0,150",
        "100,5 30,-10 -5,45 40,80 95,30 100,0 90,100 40,130 -20,130",
        "90,20 40,-10 0,35 40,75 90,40 90,40 80,120 40,160 10,130 60,110",
        "80,20 55,0 15,15 20,50 80,55 85,10 85,10 92,60 108,110 60,160 -10,115",
        "95,10 70,50 20,50 5,25 40,0 95,10 30,55 55,90 65,120 40,155 0,145",
        "60,20 20,-5 15,40 50,50 60,15 95,110 100,140 40,160 0,148",
        "60,35 50,5 95,0 95,35 60,38 60,10 35,30 25,80 5,150",
    ),
}

CANVAS = 160  # pixels a side of the sheet on which a digit is drawn
TALL = 112  # of its 1.5 units of height
WOBBLE = 0.06  # standard deviation of each point, in widths


def written(digit: int, rng: np.random.Generator, pen: float | None = None) -> NDArray:
    """Return a digit written in one of its ways, ink in [0, 1], float32 (160, 160).

    The hand wobbles: each point moves, and the whole is wider or narrower.  `pen` is the width of
    the stroke as a part of the digit's height; at random it is from 0.03 to 0.16.
    """
    ways = WAYS[digit]
    return drawn(strokes_of(ways[rng.integers(len(ways))]), rng, pen)


@cache
def strokes_of(way: str) -> tuple[Stroke, ...]:
    """Return the strokes that WAYS says in words, in widths."""
    return tuple(
        tuple((float(right) / 100, float(down) / 100) for right, down in (point.split(",") for point in stroke.split()))
        for stroke in way.split("/")
    )


def scribbled(rng: np.random.Generator, pen: float | None = None) -> NDArray:
    """Return two to four strokes that mean nothing, ink in [0, 1], float32 (160, 160)."""
    strokes = tuple(
        tuple((float(x), float(1.5 * y)) for x, y in rng.uniform(0, 1, (rng.integers(3, 6), 2)))
        for _ in range(rng.integers(2, 5))
    )
    return drawn(strokes, rng, pen)


def drawn(strokes: tuple[Stroke, ...], rng: np.random.Generator, pen: float | None = None) -> NDArray:
    """Return strokes drawn by a hand that wobbles, ink in [0, 1], float32 (160, 160)."""
    width = TALL * (rng.uniform(0.03, 0.16) if pen is None else pen)
    size = TALL / 1.5 * np.array([rng.uniform(0.6, 1.15), 1])
    sheet = Image.new("L", (CANVAS, CANVAS))
    pencil = ImageDraw.Draw(sheet)
    for stroke in strokes:
        curve = smooth(np.array(stroke) + rng.normal(0, WOBBLE, (len(stroke), 2)) * _same_where_twice(stroke))
        points = [tuple(point) for point in (curve - (0.5, 0.75)) * size + CANVAS / 2]
        pencil.line(points, fill=255, width=max(1, round(width)), joint="curve")
        for x, y in (points[0], points[-1]):
            pencil.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(sheet, np.float32) / 255


def smooth(points: NDArray, n_between: int = 8) -> NDArray:
    """Return the quadratic B-spline of points (n, 2), which starts at the first and ends at the last.

    Between the middles of its sides it is (1 - u)² a + 2 u (1 - u) p + u² b, for u from 0 to 1, with the
    point p and the middles a and b of the sides before and after it.
    """
    u = np.linspace(0, 1, n_between)[:, None]
    middles = ((points[:-1] + points[1:]) / 2)[:, None]
    arcs = (1 - u) ** 2 * middles[:-1] + 2 * u * (1 - u) * points[1:-1, None] + u**2 * middles[1:]
    return np.concatenate([points[:1], arcs.reshape(-1, 2), points[-1:]])


def _same_where_twice(stroke: Stroke) -> NDArray:
    """Return 0 for points that are said twice, so that corners stay corners, and 1 for the others."""
    twice = [stroke.count(point) > 1 for point in stroke]
    return 1.0 - np.array(twice, float)[:, None]
