"""View: which place of the sheet each pixel of the picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from lab.synthetic.look import Look

MOST_PIXELS = 20_000_000
BENDS = 4  # hills and hollows of a sheet on a side


@dataclass(frozen=True, eq=False)
class View:
    """Where the pixels of a picture look on a sheet; both are measured in pixels.

    to_picture   (3, 3): the projective map from (x, y, 1) on the sheet to the picture, before it bends
    x, y         float32 (height, width): the place on the sheet that the middle of each pixel shows
    reach        by how many pixels bending moves a thing at most
    """

    to_picture: NDArray
    x: NDArray
    y: NDArray
    reach: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        height, width = self.x.shape
        return width, height

    def around(self, points: NDArray, room: float) -> tuple[slice, slice]:
        """Return the rows and columns of the picture around points (2, P) of the sheet, `room` pixels on each side."""
        x, y, w = self.to_picture @ np.stack([*points, np.ones(points.shape[1])])
        room += self.reach
        (left, right), (top, bottom) = (
            (max(0, int(np.min(v / w) - room)), max(0, ceil(np.max(v / w) + room))) for v in (x, y)
        )
        return slice(top, bottom), slice(left, right)


def view_of(width: float, height: float, look: Look, rng: np.random.Generator) -> View:
    """Return the view of a sheet as the look wants it: all of the sheet is in the picture.

    Raises SettingError when the picture would have more than 20 million pixels.
    """
    before = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    after = _turned(_tapered(before, look.perspective, int(rng.integers(4))), look.rotation)
    around = rng.uniform(0.02, 0.12, (2, 2)) * (width, height) if look.desk else np.zeros((2, 2))
    after += around[0] - after.min(axis=0)
    n_columns, n_rows = (ceil(v - 1e-6) for v in after.max(axis=0) + around[1])
    if n_columns * n_rows > MOST_PIXELS:
        raise SettingError(f"a picture has at most {MOST_PIXELS:,} pixels, got {n_columns} × {n_rows}: write less")
    to_picture = projective(before, after)
    a = np.linalg.inv(to_picture).astype(np.float32)
    c, r = np.arange(n_columns, dtype=np.float32) + 0.5, np.arange(n_rows, dtype=np.float32)[:, None] + 0.5
    if look.rotation or look.perspective:
        w = a[2, 0] * c + (a[2, 1] * r + a[2, 2])
        x, y = ((row[0] * c + (row[1] * r + row[2])) / w for row in a[:2])
    else:
        x, y = (v + np.zeros((n_rows, n_columns), np.float32) for v in (a[0, 0] * c + a[0, 2], a[1, 1] * r + a[1, 2]))
    reach = look.bend * look.height
    if reach:
        x, y = (v + reach * _hills(n_rows, n_columns, rng) for v in (x, y))
    return View(to_picture, x, y, reach)


def projective(before: NDArray, after: NDArray) -> NDArray:
    """Return the projective map (3, 3) that takes four points (4, 2) to four others.

    With H_33 = 1, x' = (H_11 x + H_12 y + H_13) / (H_31 x + H_32 y + 1) and y' alike: eight equations,
    linear in the eight others.  (Hartley & Zisserman 2004, Multiple View Geometry, example 2.12.)
    """
    rows, values = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)


def _tapered(corners: NDArray, part: float, side: int) -> NDArray:
    """Return corners (4, 2) seen at a slant: one side is shorter by that part, and a third of it nearer."""
    corners, other = corners.copy(), (side + 1) % 4
    near, far = corners[[(side + 3) % 4, (side + 2) % 4]], corners[[side, other]]
    middle = far.mean(axis=0)
    corners[[side, other]] = middle + (1 - part) * (far - middle) + part / 3 * (near.mean(axis=0) - middle)
    return corners


def _turned(corners: NDArray, degrees: float) -> NDArray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return corners @ np.array([[cos, sin], [-sin, cos]])  # clockwise, as rows count downwards


def _hills(n_rows: int, n_columns: int, rng: np.random.Generator) -> NDArray:
    """Return smooth hills and hollows in [-1, 1], float32 (n_rows, n_columns)."""
    from PIL import Image

    coarse = rng.uniform(-1, 1, (BENDS, BENDS)).astype(np.float32)
    fine = np.asarray(Image.fromarray(coarse).resize((n_columns, n_rows), Image.Resampling.BICUBIC))
    return np.clip(fine, -1, 1)
