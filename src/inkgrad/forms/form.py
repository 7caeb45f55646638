"""Form: the fields of a printed form, each with its box and what is written in it, as a TOML file tells them."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkgrad.errors import DataError, SettingError
from inkgrad.forms.placing import Sample
from inkgrad.pictures import open_picture
from inkgrad.reader.expectation import parse_expectation

KINDS: dict[str, str] = {
    "number": r"-?\d{1,9}",
    "amount": r"-?\d{1,3}(,?\d{3}){0,2}[.,]\d{2}",
    "date": r"\d{1,2}[./-]\d{1,2}[./-]\d{4}",
    "code": r"\d{1,20}",
    "tick": "",
}
"""What a field may hold, and the pattern that is expected where it says none."""

ORDERS = "dmy", "mdy", "ymd"
TAKEN = "page", "error"  # columns of the table that are no fields
LEAST_BOX_PX = 4.0
KEYS = {"name": str, "kind": str, "box": list, "expect": str, "empty": bool, "order": str}


@dataclass(frozen=True)
class Field:
    """One field of a form.

    name    what its column is called
    kind    number, amount, date, code or tick
    box     left, top, right and bottom in pixels of the sample: in its box if it has one
    expect  the pattern of what is written there, as a Reader takes it; "" for a tick box
    empty   whether it may be left empty
    order   of day, month and year in a date: "dmy", "mdy" or "ymd"
    """

    name: str
    kind: str
    box: tuple[float, float, float, float]
    expect: str
    empty: bool = False
    order: str = "dmy"


@dataclass(frozen=True, eq=False)
class PrintedForm:
    """A printed form: what it looks like, and its fields."""

    sample: Sample
    fields: tuple[Field, ...]

    def key(self, told: str = "") -> str:
        """Return a text that is another one for another form, and for what else it is read with."""
        said = repr((self.fields, self.sample.size, told)).encode()
        return hashlib.sha256(said + self.sample.ink.tobytes()).hexdigest()


def load_form(path: str | os.PathLike[str]) -> PrintedForm:
    r"""Return the form that a TOML file describes.

        sample = "sample.png"          # the form, best not filled in; beside this file

        [[field]]
        name = "customer"              # its column
        kind = "code"                  # number, amount, date, code or tick
        box = [90, 270, 342, 324]      # left, top, right, bottom: pixels of the sample; or parts of it, all 0 to 1
        expect = '\d{6}'               # the pattern; without it, any of its kind
        empty = false                  # whether it may be left empty
        order = "dmy"                  # of a date

    Raises DataError for a file that says something else, PictureError for a sample that is no picture, OSError where
    one cannot be read.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            told = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} must be a form in TOML, as docs/how-to/read-forms.md shows: {error}") from None
    unknown = sorted(told.keys() - {"sample", "field"})
    if unknown:
        raise DataError(f"{path}: a form has sample and [[field]], got {unknown[0]!r}: leave it out")
    if not isinstance(told.get("sample"), str):
        raise DataError(f'{path} must say what the form looks like: add sample = "sample.png"')
    fields = told.get("field")
    if not isinstance(fields, list) or not fields or not all(isinstance(field, dict) for field in fields):
        raise DataError(f"{path} must have a [[field]] for each field, got none: add one")
    sample = Sample(open_picture(path.parent / told["sample"]))
    found = tuple(_field(f"{path}, field {number}", field, sample.size) for number, field in enumerate(fields, start=1))
    names = [field.name for field in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"{path}: each field has a name of its own, got {twice[0]!r} twice")
    return PrintedForm(sample, found)


def _field(whose: str, told: Mapping[str, Any], size: tuple[int, int]) -> Field:
    """Return a field as a file tells it; `whose` is what errors call it."""
    for key, value in told.items():
        if key not in KEYS:
            raise DataError(f"{whose} has {', '.join(KEYS)}, got {key!r}: leave it out")
        if not isinstance(value, KEYS[key]):
            raise DataError(f"{whose}: {key} must be a {_in_toml(KEYS[key])}, got {value!r}")
    for key in "name", "kind", "box":
        if key not in told:
            raise DataError(f"{whose} must have name, kind and box: add {key}")
    name, kind, order = told["name"].strip(), told["kind"], told.get("order", "dmy")
    if not name or name in TAKEN or not name.isprintable():
        raise DataError(f"{whose}: a name is of letters, and not {' or '.join(TAKEN)}, got {told['name']!r}")
    if kind not in KINDS:
        raise DataError(f"{whose}: kind is {', '.join(KINDS)}, got {kind!r}")
    if order not in ORDERS:
        raise DataError(f"{whose}: order is {', '.join(ORDERS)}, got {order!r}")
    expect = told.get("expect", KINDS[kind])
    if kind == "tick" and expect:
        raise DataError(f"{whose}: a tick box takes no expect, got {expect!r}: leave it out")
    try:
        if kind != "tick":
            parse_expectation(expect)
    except SettingError as error:
        raise DataError(f"{whose}: {error}") from None
    return Field(name, kind, _box(whose, told["box"], size), expect, told.get("empty", False), order)


def _in_toml(kind: type) -> str:
    return {str: "text in quotes", list: "list such as [90, 270, 342, 324]", bool: "true or false"}[kind]


def _box(whose: str, told: list[Any], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return a box in pixels of the sample."""
    is_numbers = len(told) == 4 and all(isinstance(edge, int | float) and not isinstance(edge, bool) for edge in told)
    if not is_numbers:
        raise DataError(f"{whose}: box must be [left, top, right, bottom], four numbers, got {told}")
    wide, high = size if max(told) <= 1 else (1, 1)
    left, top, right, bottom = told[0] * wide, told[1] * high, told[2] * wide, told[3] * high
    inside = 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]
    if not (inside and min(right - left, bottom - top) >= LEAST_BOX_PX):
        raise DataError(
            f"{whose}: box must be [left, top, right, bottom] within the sample of {size[0]} × {size[1]} pixels, "
            f"at least {LEAST_BOX_PX:.0f} wide and high, or in parts of it from 0 to 1, got {told}"
        )
    return left, top, right, bottom
