"""Reader: a picture of writing becomes digits."""

from inkgrad.reader.reader import THRESHOLD, Reader, ReaderSettings
from inkgrad.reader.reading import Digit, Line, Reading, draw_boxes

__all__ = ["THRESHOLD", "Digit", "Line", "Reader", "ReaderSettings", "Reading", "draw_boxes"]
