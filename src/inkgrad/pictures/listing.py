"""Listing: the pictures that folders, patterns and names of files mean, page by page."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator

from inkgrad.errors import DataError
from inkgrad.pictures.numbered_page import PAGED_ENDINGS, named_page, page_names, page_numbers

PICTURE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm", ".pnm", ".pdf", ".heic",
    ".heif",
)  # fmt: skip
"""How the names of files end that are taken for pictures in a folder."""


def list_pictures(sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Iterator[str]:
    """Yield the names of the pictures in a source, or in several, in their order, each once; each page has its own.

    A source is a folder, a pattern such as "scans/**/*.png", a file, or one page of a PDF or TIFF, scan.pdf#3.
    A folder gives its pictures, known by the endings of their names, and after them those of the folders in it, all in
    the order of their names; names that begin with a dot are left out.  A pattern gives the files that fit, in the
    order of their names.  A file of several pages gives all of them: scan.pdf#1, scan.pdf#2.

    Raises DataError for a source without a file, FileNotFoundError where there is none of that name.
    """
    seen: set[str] = set()
    for source in [sources] if isinstance(sources, str | os.PathLike) else sources:
        for file in files_of(os.fspath(source)):
            for name in pages_in(file):
                where = os.path.abspath(name)
                if where not in seen:
                    seen.add(where)
                    yield name


def files_of(source: str) -> Iterator[str]:
    """Yield the files of a folder, a pattern or a name; raises as list_pictures does."""
    n_found = 0
    for file in _files_of(source):
        n_found += 1
        yield file
    if not n_found:
        raise DataError(_nothing(source))


def pages_in(file: str) -> list[str]:
    """Return the names of all pages of a file, or the one name of another file or of a page."""
    is_paged = file.lower().endswith(PAGED_ENDINGS) and named_page(file) is None
    return page_names(file, page_numbers(file)) if is_paged else [file]


def _files_of(source: str) -> Iterator[str]:
    page = named_page(source)
    if os.path.isdir(source):
        for folder, folders, files in os.walk(source, onerror=_raise):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = os.path.join(folder, name)
                if not name.startswith(".") and name.lower().endswith(PICTURE_ENDINGS) and os.path.isfile(path):
                    yield path
    elif glob.has_magic(source) and not os.path.lexists(source):
        yield from filter(os.path.isfile, sorted(glob.glob(source, recursive=True)))
    elif os.path.isfile(source) or (page and os.path.isfile(str(page.file))):
        yield source
    elif os.path.lexists(source):
        raise DataError(f"{source} is neither a file nor a folder that can be read")
    else:
        raise FileNotFoundError(2, "there is no such file or folder", source)


def _raise(error: OSError) -> None:
    raise error


def _nothing(source: str) -> str:
    if os.path.isdir(source):
        return f"no picture is in the folder {source} ({', '.join(PICTURE_ENDINGS[:3])}, ...)"
    return f"no file fits {source}"
