"""Reader: a picture of writing becomes digits."""

from inkgrad.reader.boxes import draw_boxes
from inkgrad.reader.reader import THRESHOLD, Reader
from inkgrad.reader.reading import Digit, Line, Reading

__all__ = ["THRESHOLD", "Digit", "Line", "Reader", "Reading", "draw_boxes"]
