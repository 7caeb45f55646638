"""FieldValue: what a text that was read in a field is worth, by the field's kind and pattern."""

from __future__ import annotations

import re
from datetime import date

from inkgrad.errors import DataError
from inkgrad.forms.form import Field
from inkgrad.reader.expectation import parse_expectation
from inkgrad.reader.number import number_of

YES, NO = "yes", "no"  # of tick boxes
YEARS = range(1800, 2200)  # of dates on forms; 2623 is a 2023 that was misread


def value_of(field: Field, text: str) -> str:
    """Return what stands in a field's column for a text: a number in plain digits, a date as 2024-05-17, else itself.

    Raises DataError, in one line, where the field holds no such text.

    >>> value_of(Field("paid", "amount", (0, 0, 9, 9), r"\\d{1,3}(,\\d{3})?\\.\\d{2}"), "1,250.00")
    '1250.00'
    """
    if not text:
        if field.empty:
            return ""
        raise DataError(f"{field.name} must not be empty")
    if field.kind == "tick":
        if text not in (YES, NO):
            raise DataError(f"{field.name} is {YES} or {NO}, got {text!r}")
        return text
    pattern = parse_expectation(field.expect).pattern
    written = None if pattern is None else pattern.written(text)
    if written is None or len(written) != len(text):
        raise DataError(f"{field.name} must be as {field.expect}, got {text!r}")
    if field.kind == "date":
        return _date(field, text)
    if field.kind == "code":
        return text
    number = number_of(text)
    if number is None:
        raise DataError(f"{field.name} must be one number, such as 1250 or 12.50, got {text!r}")
    return f"{number:f}"


def _date(field: Field, text: str) -> str:
    """Return a date as 2024-05-17; a year of two digits is from 1970 to 2069."""
    parts = re.findall(r"\d+", text)
    if len(parts) == 1 and len(parts[0]) in (6, 8):
        lengths = {"d": 2, "m": 2, "y": len(parts[0]) - 4}
        ends = [sum(lengths[each] for each in field.order[: k + 1]) for k in range(3)]
        parts = [parts[0][end - lengths[each] : end] for end, each in zip(ends, field.order, strict=True)]
    try:
        numbers = {each: int(part) for each, part in zip(field.order, parts, strict=True)}
        year = numbers["y"]
        if year < 100:
            year += 1900 if year >= 70 else 2000
        written = date(year, numbers["m"], numbers["d"]).isoformat()
    except ValueError:
        named = {"d": "day", "m": "month", "y": "year"}
        order = ", ".join(named[each] for each in field.order)
        raise DataError(f"{field.name} must be a date: {order}, got {text!r}") from None
    if year not in YEARS:
        raise DataError(f"{field.name} must be a date of the years {YEARS[0]} to {YEARS[-1]}, got {text!r}")
    return written
