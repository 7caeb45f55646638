"""Kinds: what a made-up line may have, each with its probability."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from numbers import Real

from inkgrad.errors import SettingError

MARKS = ".,-/:=+()*#"
ALPHABET = "0123456789" + MARKS + " "
"""The characters that a line may say.

A mark that is none of them is seen as nothing.  All that numbers are written with are kept: were `+`, `(` and `)`
nothing, (12) would be read as 12 and +5 as 5; and `*`, `#` and `=`, which fence amounts, must be told from digits and
from `-` and `/` anyway, which takes as much of a network as a class of their own.
"""


@dataclass(frozen=True)
class LineKinds:
    """How probable each kind of thing is on a line; 0 leaves it out.

    What is said, where none of these: digits, without a mark
    marks           amounts, dates, times, codes and signed numbers, with the marks that belong to them
    random_marks    marks and digits in any order
    spaces          one or two spaces between the digits
    zeros           many zeros in a row
    nothing         no character at all, though there may be words

    The hand; those of digits are for each digit, the others for the line
    strokes         digits drawn from strokes, not MNIST's
    slashed_zero    a stroke through a 0
    barred_seven    a bar through a 7
    upstroke_one    a 1 with an upstroke
    plain_one       a 1 that is one stroke
    detached_five   a 5 whose bar hangs free
    linked_zeros    zeros in a row are written without lifting the pen; for each row of them
    tall_six        a 6 much taller than its neighbours
    touching        neighbours touch
    overlapping     neighbours go into each other
    spread          digits far apart, yet not parted by a space
    slanted         the writing leans
    uneven_size     digits of different heights
    uneven_base     digits on different heights, and a line that rises or falls
    printed         all is printed, in one font
    mixed           some characters in boxes are printed, others written
    thick, thin     a felt tip; a fine pen
    twice           strokes are gone over twice

    What is to be left out
    currency        a sign or letters of a currency
    closing         strokes that fill the line after an amount, longer than a mark is
    words           a word before or after
    neighbours      of the rows above and below, cut
    rules           lines that run across
    boxes           a box for each character, or around all, some on a tint
    combs           short strokes between the characters
    broken          boxes, combs and rules with gaps; for each line that has any
    pale            the same pale; else they may be as dark as ink
    guilloche       bundles of fine curves, as on cheques
    specks          dirt

    The picture
    pencil          a grainy stroke, parts of it at 0.4 of the rest
    faint           pale ink
    grain           rough paper
    shadow          an edge or a slope of light
    noise           of the camera
    blur            out of focus
    jpeg            saved as JPEG
    enlarged        of few pixels, enlarged 2 to 6 times
    crops           the row is cut out with too much or too little room

    Raises SettingError for what is not from 0 to 1.
    """

    marks: float = 0.4
    random_marks: float = 0.1
    spaces: float = 0.1
    zeros: float = 0.08
    nothing: float = 0.04

    strokes: float = 0.35
    slashed_zero: float = 0.14
    barred_seven: float = 0.25
    upstroke_one: float = 0.2
    plain_one: float = 0.15
    detached_five: float = 0.12
    linked_zeros: float = 0.2
    tall_six: float = 0.1
    touching: float = 0.25
    overlapping: float = 0.08
    spread: float = 0.12
    slanted: float = 0.5
    uneven_size: float = 0.5
    uneven_base: float = 0.5
    printed: float = 0.25
    mixed: float = 0.3
    thick: float = 0.12
    thin: float = 0.2
    twice: float = 0.06

    currency: float = 0.12
    closing: float = 0.08
    words: float = 0.12
    neighbours: float = 0.12
    rules: float = 0.2
    boxes: float = 0.12
    combs: float = 0.04
    broken: float = 0.25
    pale: float = 0.5
    guilloche: float = 0.18
    specks: float = 0.1

    pencil: float = 0.2
    faint: float = 0.2
    grain: float = 0.4
    shadow: float = 0.2
    noise: float = 0.5
    blur: float = 0.5
    jpeg: float = 0.25
    enlarged: float = 0.15
    crops: float = 0.8

    def __post_init__(self) -> None:
        for name in KINDS_OF_LINES:
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 <= float(value) <= 1):  # written so that NaN fails
                raise SettingError(f"LineKinds takes {name} from 0 to 1, got {value!r}")

    @staticmethod
    def only(names: Iterable[str] = ()) -> LineKinds:
        """Return settings that make each line of all these kinds, and of no other.

        Raises SettingError for a name that is no kind.
        """
        wanted = set(names)
        if unknown := sorted(wanted - set(KINDS_OF_LINES)):
            raise SettingError(f"kinds of lines are {', '.join(KINDS_OF_LINES)}, got {unknown[0]!r}")
        return LineKinds(**{name: float(name in wanted) for name in KINDS_OF_LINES})


KINDS_OF_LINES = tuple(field.name for field in fields(LineKinds))
