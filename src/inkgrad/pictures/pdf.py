"""PDF: how many pages a document has, and one of them drawn as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import IO, Any

from PIL import Image

from inkgrad.errors import PictureError
from inkgrad.extras import extra
from inkgrad.pictures.paper import PaperSettings

POINTS_PER_INCH = 72  # of a PDF's own measure
PDFIUM_LOCK = Lock()  # PDFium is for one thread at a time, whatever documents it works on


@dataclass(frozen=True)
class PdfSettings:
    """How a page is drawn.

    dots_per_inch  of a page, unless it is a scan: that has as many dots as were scanned
    scanned        share of the page; one with a picture over more than that is a scan
    most_pixels    of a page, which is drawn with fewer dots an inch if need be: reading reduces what has more, coarsely
    most_inside    pixels of a picture on a page, each of which takes memory; one with more is refused, as it is alone
    most_pages     of a document; one that says it has more is damaged, or made to keep us busy
    """

    dots_per_inch: int = 300
    scanned: float = 0.5
    most_pixels: int = PaperSettings().most_pixels
    most_inside: int = 80_000_000
    most_pages: int = 10_000


def is_pdf(head: bytes) -> bool:
    """Return whether a file that begins so is a PDF."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t\0").startswith(b"%PDF-")


def n_pdf_pages(file: IO[bytes], name: str, settings: PdfSettings = PdfSettings()) -> int:
    """Return how many pages a document has, without drawing any; raises as draw_pdf_page does."""
    with _document(file, name, settings) as document:
        return len(document)


def draw_pdf_page(file: IO[bytes], number: int, name: str, settings: PdfSettings = PdfSettings()) -> Image.Image:
    """Return a page, counted from 1, in colours, with what was typed into the fields of a form.

    Raises PictureError, by name, for a document that is damaged, locked with a password, without pages or with too
    many, and for a page that it has not; MissingExtra without pypdfium2.
    """
    with _document(file, name, settings) as document:
        if not 1 <= number <= len(document):
            raise PictureError(no_such_page(name, number, len(document)))
        try:
            document.init_forms()
            page = document[number - 1]
            scale = _scale(page, f"{name}: page {number}", settings)
            return page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
        except PictureError:
            raise
        except (RuntimeError, ValueError, MemoryError) as error:
            raise PictureError(f"{name}: page {number} is damaged, and cannot be drawn ({error})") from None


def _scale(page: Any, name: str, settings: PdfSettings) -> float:
    """Return how many pixels a point of a page is drawn with; PictureError for too large a picture on it."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    width, height = page.get_size()  # in points
    scale = settings.dots_per_inch / POINTS_PER_INCH
    for scan in page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE]):
        n_pixels = math.prod(scan.get_px_size())
        if n_pixels > settings.most_inside:
            raise PictureError(f"{name} has a picture of more than {settings.most_inside:,} pixels: make it smaller")
        left, bottom, right, top = scan.get_bounds()
        area = (right - left) * (top - bottom)
        if scan.level == 0 and area > settings.scanned * width * height > 0:  # a deeper one has other measures
            scale = math.sqrt(n_pixels / area)
    return min(scale, math.sqrt(settings.most_pixels / max(width * height, 1)))


def no_such_page(name: str, number: int, n: int) -> str:
    """Return what is said of a page that a file has not."""
    has = f"{n} pages, counted from 1" if n > 1 else "one page, number 1"
    return f"{name}: there is no page {number}: the file has {has}"


@contextmanager
def _document(file: IO[bytes], name: str, settings: PdfSettings) -> Iterator[Any]:
    with extra("pdf", f"{name} is a PDF, and reading it needs"):
        import pypdfium2
    with PDFIUM_LOCK:
        file.seek(0)
        try:
            document = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError as error:
            is_locked = error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD
            reason = (
                "is a PDF that is locked with a password: save it without one first"
                if is_locked
                else "is a damaged PDF, or one without pages: save or print it to a PDF anew"
            )
            raise PictureError(f"{name} {reason}") from None
        try:
            if len(document) > settings.most_pages:
                raise PictureError(
                    f"{name} says that it has {len(document):,} pages, and at most {settings.most_pages:,} are read: "
                    "cut it into several"
                )
            yield document
        finally:
            document.close()
