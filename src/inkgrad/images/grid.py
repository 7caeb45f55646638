"""Cutting a sheet with one digit in each cell of a grid."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import PictureError

LEAST_CELL = 8  # pixels; a digit needs that much


def cut_grid(picture: Array, n_rows: int, n_columns: int) -> list[Array]:
    """Return the cells of a sheet, row by row, each (height, width), all within a pixel of equal size.

    Raises PictureError when a cell would have less than 8 pixels a side.
    """
    height, width = picture.shape
    if height < LEAST_CELL * n_rows or width < LEAST_CELL * n_columns:
        raise PictureError(
            f"a picture of {width} × {height} pixels is too small for {n_rows} rows and {n_columns} columns"
        )
    rows = np.array_split(picture, n_rows)
    return [cell for row in rows for cell in np.array_split(row, n_columns, axis=1)]
