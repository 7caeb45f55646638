"""Synthetic pictures of handwriting that know their truth."""

from lab.synthetic.amounts import FormField, write_amount
from lab.synthetic.compose import KINDS, compose
from lab.synthetic.forms import write_boxes, write_table
from lab.synthetic.look import Look
from lab.synthetic.pages import Page, WrittenDigit, write_line, write_lines, write_ruled, write_single

__all__ = [
    "KINDS",
    "FormField",
    "Look",
    "Page",
    "WrittenDigit",
    "compose",
    "write_amount",
    "write_boxes",
    "write_line",
    "write_lines",
    "write_ruled",
    "write_single",
    "write_table",
]
