"""Number: what a line of text is worth, where it is one number."""

from __future__ import annotations

import re
from decimal import Decimal

AMOUNT = re.compile(r"[*#=$€£¥₹ ]*([-+]?)[$€£¥₹ ]*([\d., ]*\d)(/-|[.,]--?)?[*#=$€£¥₹ ]*", re.ASCII)
GROUPED = re.compile(r"([1-9]\d{0,2}(?:(?P<between>[., ])\d{3})(?:(?P=between)\d{3})*)(?:([.,])(\d+))?", re.ASCII)
PLAIN = re.compile(r"(\d*)(?:([.,])(\d+))?", re.ASCII)


def number_of(text: str) -> Decimal | None:
    """Return the number that a line of text is, None where it is none or may be more than one.

    A number has a sign before it or none, then digits, and before the last of them a dot or a comma or none:

        12.50   12,50   -3   +5   .5   007

    The digits before it may stand in groups of three, parted by commas, by dots, or by spaces where a dot or a comma
    follows (123 456 may be two numbers):

        1,234   1,234,567.89   1.234,56   1.234.567   3 015.06

    One comma with three digits after it parts a group, one dot does not: 1,234 is 1234 and 1.234 is 1.234; but
    0,125 and 1234,567 cannot be groups, so the comma is a decimal one.  A currency sign is no part of it (it is read
    only where it is expected), nor what keeps others from writing before or behind an amount: **450,00**, =450=,
    450.--, 450,-, 450/-.

    None is what has another mark (dates, times, sums, numbers in parentheses, which some take for negative and others
    for a list), a gap in another place, or a "?".

    >>> number_of("1.234,50")
    Decimal('1234.50')
    >>> number_of("2024-05-17") is None
    True
    """
    amount = AMOUNT.fullmatch(text)
    if not amount or (amount[1] and amount[3]):  # in -450.- the first stroke may be no minus
        return None
    sign, digits, _ = amount.groups()
    value = _value(digits)
    return None if value is None else Decimal(sign + value)


def _value(digits: str) -> str | None:
    """Return digits with their groups joined and a dot for the decimal mark, None where that is not clear."""
    grouped = GROUPED.fullmatch(digits)
    if grouped and not (grouped["between"] == "." and digits.count(".") == 1 and grouped[3] is None):
        whole, between, point, part = grouped.groups()
        if point == between or (between == " " and point is None):
            return None
        return f"{re.sub('[., ]', '', whole)}.{part}" if part else re.sub("[., ]", "", whole)
    plain = PLAIN.fullmatch(digits)
    if not plain:
        return None
    whole, point, part = plain.groups()
    if point == "," and len(part) == 3 and whole != "0" and len(whole) <= 3:  # 01,234 or ,234: a group cut off?
        return None
    return f"{whole}.{part}" if part else whole
