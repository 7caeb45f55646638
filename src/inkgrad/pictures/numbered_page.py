"""Pages: files of several pictures, PDF and TIFF, and one page of them by its number, as in scan.pdf#3."""

from __future__ import annotations

import io
import os
import re
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import IO

from PIL import Image

from inkgrad.pictures.pdf import is_pdf, n_pdf_pages

PAGED_ENDINGS = (".pdf", ".tif", ".tiff")
"""How the names of files end that may have several pages."""
HEAD_BYTES = 64  # enough to know a PDF or a HEIC picture
NUMBERED = re.compile(r"(.+)#(\d{1,6})", re.DOTALL)
SUBFILE_TYPE = 254  # a TIFF's tag whose lowest bit says that a page is a smaller copy of another one


@dataclass(frozen=True)
class Page:
    """One page of a file: its path, or its bytes, and the number of the page, from 1."""

    file: str | os.PathLike[str] | bytes
    number: int


def named_page(name: str) -> Page | None:
    """Return the page that a name such as scan.pdf#3 means; None for the name of a file, whatever stands in it."""
    found = NUMBERED.fullmatch(name)
    return Page(found[1], int(found[2])) if found and not os.path.lexists(name) else None


def page_numbers(file: str | os.PathLike[str] | bytes | IO[bytes]) -> list[int]:
    """Return the numbers of the pages of a PDF or TIFF, at a path, as bytes or open, from 1; [1] of any other file.

    Pages of a TIFF that are smaller copies of others have no number here.  Of a file that cannot be read, or not
    without an extra, it is [1]: whoever opens that page is told.
    """
    try:
        with _opened(file) as opened:
            if is_pdf(opened.read(HEAD_BYTES)):
                return list(range(1, n_pdf_pages(opened, "the file") + 1))
            opened.seek(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of damaged notes, and of large pictures, which nobody unpacks here
                return _full_pages(Image.open(opened, formats=["TIFF"]))
    except Exception:  # decoders raise many things at damaged files, and all mean this
        return [1]


def page_names(name: str, numbers: list[int]) -> list[str]:
    """Return the names of pages of a file: that of the file where it has one."""
    return [name] if numbers == [1] else [f"{name}#{number}" for number in numbers]


def _opened(file: str | os.PathLike[str] | bytes | IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    if isinstance(file, bytes):
        return io.BytesIO(file)
    return open(file, "rb") if isinstance(file, str | os.PathLike) else nullcontext(file)


def _full_pages(tiff: Image.Image) -> list[int]:
    numbers = []
    for number in count(1):
        try:
            tiff.seek(number - 1)
        except EOFError:
            break
        if not tiff.tag_v2.get(SUBFILE_TYPE, 0) & 1:  # type: ignore[attr-defined]
            numbers.append(number)
    return numbers or [1]
