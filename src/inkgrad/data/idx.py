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
from typing import BinaryIO

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError
from inkgrad.files import replacing

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_START = b"\x1f\x8b"
MOST_AXES = 64  # that NumPy takes
MOST_BYTES = 2**30  # of numbers; the largest that is well known, EMNIST's, has 547 million
CHUNK_BYTES = 2**20  # read at a time, so that no memory is taken for what a header only claims


def read_idx(path: str | os.PathLike[str]) -> NDArray:
    """Return the array in an IDX file, gzipped or not.

    Of a file that holds more than its header says, one byte more is read and unpacked, whatever it holds.

    Raises DataError, naming the file, when it is not IDX, or cut off, or damaged, or of more than 64 axes or 2^30
    bytes; OSError when it cannot be read.
    """
    with open(path, "rb") as file:
        is_packed = file.peek(2)[:2] == GZIP_START
        try:
            return _read(gzip.GzipFile(fileobj=file) if is_packed else file, str(path))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{path} is damaged or cut off ({error}): get the file again") from error


def _read(file: BinaryIO | gzip.GzipFile, name: str) -> NDArray:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
        raise DataError(f"{name} is not an IDX file: it begins with {start.hex(' ') or 'nothing'}")
    dtype, n_axes = np.dtype(TYPES[start[2]]), start[3]
    if n_axes > MOST_AXES:
        raise DataError(f"{name} is of {n_axes} axes, and arrays have at most {MOST_AXES}: get the file again")
    header = 4 + 4 * n_axes
    lengths = file.read(4 * n_axes)
    if len(lengths) < 4 * n_axes:
        raise DataError(f"{name} is cut off in its header of {header} bytes: get the file again")
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    if prod(max(n, 1) for n in shape) * dtype.itemsize > MOST_BYTES:  # NumPy minds the other lengths even beside a zero
        raise DataError(f"{name} is for an array of shape {_shown(shape)}, and those read have at most 2^30 bytes")
    n_bytes = prod(shape) * dtype.itemsize
    numbers = _read_one_more(file, n_bytes)
    if len(numbers) != n_bytes:
        found = f"{header + len(numbers)}{' or more' if len(numbers) > n_bytes else ''}"
        raise DataError(
            f"{name} should hold {header + n_bytes} bytes for an array of shape {_shown(shape)}, got {found}: "
            "get the file again"
        )
    array: NDArray = np.ndarray(shape, dtype, buffer=numbers)
    return array if dtype.isnative else array.byteswap(inplace=True).view(dtype.newbyteorder())


def _read_one_more(file: BinaryIO | gzip.GzipFile, n_bytes: int) -> bytearray:
    """Return what a file still holds, n_bytes and one more at most."""
    found = bytearray()
    while chunk := file.read(min(CHUNK_BYTES, n_bytes + 1 - len(found))):
        found += chunk
    return found


def _shown(shape: tuple[int, ...]) -> str:
    return str(shape) if len(shape) <= 6 else f"({', '.join(map(str, shape[:6]))}, ...)"


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
