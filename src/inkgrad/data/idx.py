"""IDX files: how MNIST, and data like it, is kept.

An IDX file is a header and then the numbers, last axis fastest:

    2 bytes     zero
    1 byte      type: 08 uint8, 09 int8, 0B int16, 0C int32, 0D float32, 0E float64
    1 byte      number of axes
    4 bytes     length of each axis, most significant byte first
    the rest    the numbers, most significant byte first
"""

from __future__ import annotations

import gzip
import os
import zlib
from math import prod
from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError
from inkgrad.files import replacing

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> NDArray:
    """Return the array in an IDX file, gzipped or not.

    Raises DataError, naming the file, when it is not IDX, or cut off, or damaged; OSError when
    it cannot be read.
    """
    return parse_idx(Path(path).read_bytes(), str(path))


def parse_idx(raw: bytes, name: str) -> NDArray:
    """Return the array in the bytes of an IDX file; `name` is for messages."""
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{name} is damaged or cut off ({error}): get the file again") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in TYPES:
        raise DataError(f"{name} is not an IDX file: it begins with {raw[:4].hex(' ') or 'nothing'}")
    dtype, n_axes = np.dtype(TYPES[raw[2]]), raw[3]
    header = 4 + 4 * n_axes
    if len(raw) < header:
        raise DataError(f"{name} is cut off in its header of {header} bytes: get the file again")
    shape = tuple(int(n) for n in np.frombuffer(raw[4:header], ">u4"))
    expected = header + prod(shape) * dtype.itemsize
    if len(raw) != expected:
        raise DataError(
            f"{name} should hold {expected} bytes for an array of shape {shape}, got {len(raw)}: get the file again"
        )
    return np.frombuffer(raw, dtype, offset=header).reshape(shape).astype(dtype.newbyteorder("="))


def write_idx(path: str | os.PathLike[str], array: NDArray) -> None:
    """Write `array` as an IDX file, gzipped if the name ends in .gz.

    Raises DataError for a type that IDX does not have, OSError when the file cannot be written.
    """
    codes = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
    array = np.asarray(array)
    if array.dtype not in codes or array.ndim > 255:
        names = ", ".join(str(dtype) for dtype in codes)
        raise DataError(f"IDX files hold {names}, got {array.dtype} with {array.ndim} axes")
    code = codes[array.dtype]
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    raw = header + array.astype(TYPES[code]).tobytes()
    with replacing(path) as file:
        file.write(gzip.compress(raw, mtime=0) if str(path).endswith(".gz") else raw)
