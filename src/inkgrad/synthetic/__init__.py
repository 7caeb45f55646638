"""Synthetic pictures of handwriting that know their truth."""

from inkgrad.synthetic.compose import KINDS, compose
from inkgrad.synthetic.forms import write_boxes, write_table
from inkgrad.synthetic.look import Look
from inkgrad.synthetic.pages import Page, WrittenDigit, write_line, write_lines, write_ruled, write_single

__all__ = [
    "KINDS",
    "Look",
    "Page",
    "WrittenDigit",
    "compose",
    "write_boxes",
    "write_line",
    "write_lines",
    "write_ruled",
    "write_single",
    "write_table",
]
