"""Pattern: how a line is expected to be written, told by a small regular expression."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from unicodedata import category

import numpy as np

from inkgrad.decoding import Automaton
from inkgrad.errors import SettingError
from inkgrad.reader.eye import DIGITS

MOST_DIGITS = MOST_SIGNS = 100  # of a line
DEEPEST = 8  # parentheses in parentheses
MOST_STATES = 400  # of an automaton: a hundred digits take 101, and each state a row of numbers for each frame
TOKEN = re.compile(
    r"(?P<what>\\d|\[(?:\\.|[^]\\])*\]|\(|\)|\d|\\[^\w\s]|[^\w\\{}\[\]?*+|^$])(?P<times>\{\d{1,4}(?:,\d{1,4})?\}|\?)?",
    re.ASCII,
)
HELP = r"such as \d{5}, [1-9]{9}, -?\d{1,3}(,\d{3}){0,3}\.\d{2}, 4 lines, or 4 lines of 9"


@dataclass(frozen=True)
class Repeated:
    """What comes `least` to `most` times: one of some characters, or parts one after another."""

    what: str | tuple[Repeated, ...]
    least: int
    most: int


@dataclass(frozen=True)
class Pattern:
    """The lines that are expected: all that stands along the ways from place 0 to the last place.

    arcs      from a place to one that comes after it, in the order of the first, with the characters one of which
              stands there; with "" nothing does
    last      the last place
    n_digits  how many digits a line has at least and at most
    """

    arcs: tuple[tuple[int, int, str], ...]
    last: int
    n_digits: tuple[int, int]

    @cached_property
    def digits(self) -> Automaton:
        """What accepts the digits of such a line, "0" to "9" as classes."""
        return self.automaton(DIGITS)

    def automaton(self, labels: Sequence[str]) -> Automaton:
        """Return what accepts the lines in which only these labels are seen, as class numbers.

        A sign that none of them is takes no ink: it may stand wherever it is expected.

        Raises SettingError where that takes more than 400 states.
        """
        after: list[frozenset[int]] = [frozenset([place]) for place in range(self.last + 1)]  # without any ink
        seen: list[list[tuple[int, int]]] = [[] for _ in after]
        classes = {label: k for k, label in enumerate(labels)}
        for start, stop, characters in reversed(self.arcs):
            seen[start] += [(classes[each], stop) for each in characters if each in classes]
            if not characters or _unseen(characters, classes):
                after[start] |= after[stop]
        states = [after[0]]  # each the places where a line may be
        numbers = {after[0]: 0}
        leads_to: list[list[int]] = []
        for places in states:
            reached: dict[int, frozenset[int]] = {}
            for k, stop in (each for place in places for each in seen[place]):
                reached[k] = reached.get(k, frozenset()) | after[stop]
            states += [each for each in dict.fromkeys(reached.values()) if each not in numbers]
            numbers = {each: number for number, each in enumerate(states)}
            if len(states) > MOST_STATES:
                raise SettingError(
                    f"expect takes a pattern with at most {MOST_STATES} states, got one with more: "
                    "leave out some of what may come or not",
                    setting="expect",
                )
            leads_to.append([numbers[reached[k]] if k in reached else -1 for k in range(len(labels))])
        return Automaton(np.array(leads_to), np.array([self.last in places for places in states]))

    def written(self, seen: str) -> list[tuple[str, int | None]] | None:
        """Return the characters of a line, each with the number of the one that was seen.

        Where nothing was seen, as there may be of all signs but digits, there are those that may stand there, and no
        number.  Of such places there are as few as can be.  Return None where what was seen is not expected.

        >>> pattern = parse_pattern(r"\\d{2}\\.\\d{2}")
        >>> pattern.written("1250")
        [('1', 0), ('2', 1), ('.', None), ('5', 2), ('0', 3)]
        """
        ways: list[dict[int, tuple[int, _Way]]] = [{} for _ in range(self.last + 1)]
        ways[0][0] = 0, None
        for start, stop, characters in self.arcs:
            unseen = _unseen(characters)
            for n_seen, (n_unseen, way) in ways[start].items():
                steps: list[tuple[int, int, _Way]] = []
                if n_seen < len(seen) and seen[n_seen] in characters:
                    steps.append((n_seen + 1, n_unseen, (way, (seen[n_seen], n_seen))))
                if unseen:
                    steps.append((n_seen, n_unseen + 1, (way, (unseen, None))))
                if not characters:
                    steps.append((n_seen, n_unseen, way))
                for n, cost, longer in steps:
                    if n not in ways[stop] or cost < ways[stop][n][0]:
                        ways[stop][n] = cost, longer
        if len(seen) not in ways[self.last]:
            return None
        backwards, (_, way) = [], ways[self.last][len(seen)]
        while way is not None:
            way, character = way
            backwards.append(character)
        return backwards[::-1]


_Way = tuple["_Way", tuple[str, int | None]] | None  # the last character of a line so far, and what is before it


def _unseen(characters: str, labels: Collection[str] = ()) -> str:
    return "".join(each for each in characters if each not in labels and each not in DIGITS)


def parse_pattern(text: str) -> Pattern:
    r"""Return the pattern of a line that a regular expression describes.

    \d is a digit, [1-9] or [.,] one of some characters, {5} or {3,5} how many of them, ? none or one, (...) some
    together; all other signs stand for themselves, those of a regular expression but for the dot after a backslash.

    >>> parse_pattern(r"\d{1,3}(,\d{3})?").n_digits
    (1, 6)

    Raises SettingError for a text that says something else, or more than 100 digits or 100 signs.
    """
    if strange := [each for each in text if not (" " <= each <= "~" or category(each)[0] in "SP")]:
        raise SettingError(
            f"expect takes digits 0 to 9 and signs, {HELP}, got {strange[0]!r} in {text!r}", setting="expect"
        )
    open_parts: list[list[Repeated]] = [[]]
    at = 0
    for token in TOKEN.finditer(text):
        what, times = token["what"], token["times"]
        closes_nothing = what == ")" and (len(open_parts) == 1 or not open_parts[-1])
        if token.start() != at or closes_nothing or (what == "(" and (times or len(open_parts) > DEEPEST)):
            break
        at = token.end()
        if what == "(":
            open_parts.append([])
            continue
        part = Repeated(tuple(open_parts.pop()) if what == ")" else _characters(what), *_how_many(times))
        open_parts[-1] += [part] * (part.most > 0)
    parts = tuple(open_parts[0])
    least, most, n_signs = _counts(parts)
    if at != len(text) or len(open_parts) > 1 or not 1 <= most <= MOST_DIGITS or n_signs > MOST_SIGNS:
        raise SettingError(
            f"expect takes a pattern of 1 to {MOST_DIGITS} digits, and at most {MOST_SIGNS} signs, {HELP}, "
            f"got {text!r}",
            setting="expect",
        )
    arcs, last = _laid_out(parts, 0)
    return Pattern(tuple(sorted(arcs)), last, (least, most))


def _how_many(times: str | None) -> tuple[int, int]:
    """Return how often at least and at most something comes, for what stands after it in a pattern."""
    if times is None:
        return 1, 1
    if times == "?":
        return 0, 1
    low, _, high = times[1:-1].partition(",")
    if int(high or low) > MOST_DIGITS or int(high or low) < int(low):
        raise SettingError(
            f"expect takes at most {MOST_DIGITS} of a kind, the lesser number first, got {times!r}", setting="expect"
        )
    return int(low), int(high or low)


def _characters(token: str) -> str:
    """Return the characters that a token stands for."""
    if token == r"\d":
        return DIGITS
    if not token.startswith("["):
        return token[-1]
    inside = re.sub(r"(\d)-(\d)", _range, token[1:-1].replace(r"\d", "0-9"), flags=re.ASCII)
    if not inside or inside.startswith("^") or re.search(r"[a-zA-Z]", inside):
        raise SettingError(
            f"expect takes digits or signs in brackets, such as [1-9] or [.,], got {token!r}", setting="expect"
        )
    return "".join(dict.fromkeys(re.sub(r"\\(.)", r"\1", inside)))


def _range(found: re.Match[str]) -> str:
    if found[1] > found[2]:
        raise SettingError(f"expect takes digits in brackets from the lesser on, got {found[0]!r}", setting="expect")
    return DIGITS[int(found[1]) : int(found[2]) + 1]


def _counts(parts: Sequence[Repeated]) -> tuple[int, int, int]:
    """Return how many digits there are at least, how many at most, and how many other signs at most."""
    least = most = n_signs = 0
    for part in parts:
        if isinstance(part.what, str):
            are = [each in DIGITS for each in part.what]
            low, high, signs = int(all(are)), int(any(are)), int(not all(are))
        else:
            low, high, signs = _counts(part.what)
        least, most, n_signs = least + part.least * low, most + part.most * high, n_signs + part.most * signs
    return least, most, n_signs


def _laid_out(parts: Sequence[Repeated], start: int) -> tuple[list[tuple[int, int, str]], int]:
    """Return the arcs of parts one after another from a place on, and the place where they end."""
    arcs: list[tuple[int, int, str]] = []
    at = start
    for part in parts:
        left_out = []
        for time in range(part.most):
            left_out += [at] * (time >= part.least)
            if isinstance(part.what, str):
                arcs.append((at, at + 1, part.what))
                at += 1
            else:
                inner, at = _laid_out(part.what, at)
                arcs += inner
        arcs += [(place, at, "") for place in left_out if place < at]
    return arcs, at
