"""HEIC: the photos of many phones."""

from __future__ import annotations

from typing import IO, Any

from inkgrad.extras import extra

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""What a file of this kind says that it is, at its beginning (ISO/IEC 23008-12)."""


def is_heic(head: bytes) -> bool:
    """Return whether a file that begins so is a HEIC picture."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def open_heic(file: IO[bytes], name: str) -> Any:
    """Return the main picture of a file before it is unpacked: it has a size, and to_pillow() unpacks it, upright.

    Raises MissingExtra without pillow-heif; ValueError and others of its own for a damaged file.
    """
    with extra("heic", f"{name} is a HEIC picture, and reading it needs"):
        import pillow_heif
    return pillow_heif.open_heif(file)
