"""Reader: a picture of writing becomes digits."""

from inkgrad.reader.number import number_of
from inkgrad.reader.reader import THRESHOLD, Reader, ReaderSettings
from inkgrad.reader.reading import Character, Line, Reading, Skipped, draw_boxes

__all__ = [
    "THRESHOLD",
    "Character",
    "Line",
    "Reader",
    "ReaderSettings",
    "Reading",
    "Skipped",
    "draw_boxes",
    "number_of",
]
