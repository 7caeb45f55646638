"""Arbitration: two readings of one row, that of its pieces and that of the whole line, become one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from inkgrad.pictures.pieces import Piece
from inkgrad.reader.eye import DIGITS
from inkgrad.reader.line_eye import SPACE, Said
from inkgrad.reader.seen import Seen

SLENDER = "1"  # the digit that is a mere stroke, as the rest of a rule is, and not in the middle of its place in print
SLASH = "/"  # the mark that is one, too
DOT, COMMA, COLON = ".,:"
NO_THOUSANDS = re.compile(r"\d{4} | (?!\d{3}(?!\d))")  # a space that does not part digits into thousands
Pair = tuple[Seen | None, Seen | None]  # what the pieces and what the line have at one place


@dataclass(frozen=True)
class ArbitrationSettings:
    """How much either reading of a row counts.

    Chosen on 874 rows of composed pictures of development; of them 815 are read right with these, 783 with the line's
    digits counted no more than the pieces', and their characters have an expected calibration error of 0.2 %.  What
    tells marks and spaces was chosen on 467 lines of development: 379 are read as they are, marks, spaces and all; 368
    where no mark looks like a digit, touching digits have a gap, and print has the spaces that the line says.

    clear       probability; a row of one piece that is one digit with at least this is not read as a line, too
    wrong       probability that a reading is wrong where it is sure, shared by all that it could be
    mark        share of what is none or a 1 to the pieces' network that it gives to each mark, as it knows none
    least_mark  probability; what it gives to each mark at least, as some look like a digit to it, as + does like 4
    slash       the share of a 1 to that network that it gives to a slash at least, as it takes most for one; 0 where
                slashes are not looked for
    tail        share of the height of a row's digits; of dot and comma, what is higher has a tail: 65 of 77 commas of
                development, and 11 of 98 dots
    tall_mark   share of that height; where the ink of a mark is higher, something else is in it
    tail_odds   with a tail a comma is so many times as probable beside a dot, and without one a dot
    cut         the logarithm of the pieces' probabilities counts so many times
    line        that of the line's
    trust       the line counts so many times where the two have not as many digits
    torn        share of the width of a piece; what has so much in a digit of the line, and is none of its own where the
                line counts more, was torn from it, if the pieces' network sees that digit in all the ink of it, too
    alone       a digit that only one of both has is so many times as probable
    blot        probability to be no digit; what the line alone has and the pieces' network gives more is left out
    faint_mark  probability to be any mark; less probable ones that the pieces have nothing for are left out
    box_mark    probability to be any mark; a less probable one alone in its box is dirt
    only_line   probability; where the pieces have nothing at all, a less probable line is nothing, too
    silent      probability that nothing stands there, to the line; several pieces it says so of are a word (of 121
                stretches of printed letters that the pieces' network reads as digits the line is so sure of all; in
                144 composed pictures of development but of letters only)
    one_silent  the same for a single piece beside what the line reads, which is a blot
    gap         share of the height of a row's digits; a space is wider
    wider       times the median of the other gaps of a row; a space is wider
    print_gap   the same two of print, whose spaces are narrow
    print_wider
    common      share of the height of a row's digits; that median where there are no other gaps
    touching    share of that height; what is less is no gap, as where digits touch
    even        share of that height; a digit that differs by more, and a pixel, is not printed
    most_even   share of a row's digits that are as high where their steps tell spaces; others may hold a mark, too
    even_step   share of the step from one digit of print to the next; by it, and `even_px` pixels, may a step differ
    even_px
    slender_step  the same beside a 1, whose ink need not be in the middle of its place
    long_step   times that step; a longer one has a space in it
    longest_step  times that step; the longest with a space in it
    long_gap    times the median gap of print; one with a space in it is at least as wide
    fewest_steps  even steps that show print
    """

    clear: float = 0.98
    wrong: float = 0.04
    mark: float = 0.02
    least_mark: float = 0.01
    slash: float = 0.15
    tail: float = 0.28
    tall_mark: float = 0.7
    tail_odds: float = 7.0
    cut: float = 1.0
    line: float = 1.0
    trust: float = 2.0
    torn: float = 0.5
    alone: float = 0.8
    blot: float = 0.5
    faint_mark: float = 0.7
    box_mark: float = 0.9
    only_line: float = 0.95
    silent: float = 0.6
    one_silent: float = 0.97
    gap: float = 0.5
    wider: float = 5.0
    print_gap: float = 0.3
    print_wider: float = 2.5
    common: float = 0.35
    touching: float = 0.03
    even: float = 0.03
    most_even: float = 0.7
    even_step: float = 0.04
    even_px: float = 1.5
    slender_step: float = 0.15
    long_step: float = 1.35
    longest_step: float = 2.2
    long_gap: float = 2.0
    fewest_steps: int = 2


def is_clear(n_pieces: int, cut: list[Seen], settings: ArbitrationSettings = ArbitrationSettings()) -> bool:
    """Return whether a row of so many pieces was surely read as one digit, and needs no second reading."""
    return n_pieces == 1 and len(cut) == 1 and cut[0].probability >= settings.clear


def anything(characters: Sequence[Seen]) -> bool:
    """Return that a row may say this."""
    return True


def arbitrated(
    cut: list[Seen],
    said: Said,
    settings: ArbitrationSettings = ArbitrationSettings(),
    accepts: Callable[[Sequence[Seen]], bool] = anything,
    look: Callable[[Piece], Mapping[str, float]] | None = None,
    is_box: bool = False,
) -> list[Seen]:
    """Return the characters of a row, for the digits that its pieces are, and what the whole line says.

    Where both have a character at one place, the probabilities of each label are multiplied, each to a power, as two
    that know different things of it.  Where they have not as many digits, the one is taken that is more probable,
    and what the other has not is less probable than it says.  Marks are the line's, for the pieces' network knows
    none.  `accepts` tells what is expected; what is not gives way to one of the readings that is.  `look` tells the
    probability of each digit for some ink: a digit that only the line has is left out if it is none, as blots are, and
    one that the line has whole, and the pieces in parts, is whole if it looks so.
    Digits of the pieces where the line surely has nothing are a word or a blot, for it learned those as nothing.
    In one of a row of boxes (`is_box`) a mark may stand alone; elsewhere what is no more is dirt.  So are strokes that
    only the line takes for a 1, as rests of rules look the same.  A colon before all else ends a word, as in "Total:".
    """
    if not cut and is_box and len(said.characters) == 1 and _any_mark(said.characters[0]) >= settings.box_mark:
        return said.characters
    if accepts(said.characters) or not accepts(cut):
        cut = _without_words(cut, said, settings)
    if not cut:
        is_sure = _weakest(said.characters) >= settings.only_line
        more_than_strokes = any(seen.label in DIGITS and seen.label != SLENDER for seen in said.characters)
        return said.characters if is_sure and more_than_strokes else []
    pairs = _paired(cut, said.characters)
    by_pieces, by_line = _weakest(cut), settings.trust * min(_weakest(said.characters), said.probability)
    side = 1 if by_line >= by_pieces else 0
    torn = [one for one, other in pairs if one is not None and other is None] if side == 1 and look else []
    found = []
    for pair in pairs:
        chosen = pair[side]
        if pair[0] is not None and pair[1] is not None:
            is_torn = any(_part_in(each, pair[1]) >= settings.torn for each in torn)
            whole = _whole(pair[1], look) if is_torn and look else None
            found.append(_both(whole or pair[0], pair[1], settings))
        elif pair[1] is not None and pair[1].label not in DIGITS:
            found += [pair[1]] if _any_mark(pair[1]) >= settings.faint_mark else []
        elif chosen is not None and not (side == 1 and look and 1 - sum(look(chosen.piece).values()) > settings.blot):
            found.append(replace(chosen, p={label: settings.alone * p for label, p in chosen.p.items()}))
    found = _dots_and_commas(found, settings)
    if found and found[0].label == COLON and accepts(found[1:]):
        found = found[1:]
    if not accepts(found):
        found = said.characters if accepts(said.characters) or not accepts(cut) else cut
    return _spaced(found, settings)


def _without_words(cut: list[Seen], said: Said, settings: ArbitrationSettings) -> list[Seen]:
    """Return the characters of the pieces without those where the line surely has nothing."""
    kept: list[Seen] = []
    for is_alone, group in groupby(_paired(cut, said.characters), lambda pair: pair[1] is None):
        run = [pair[0] for pair in group if pair[0] is not None]
        least = settings.silent if len(run) > 1 else settings.one_silent
        if not (is_alone and (len(run) > 1 or said.characters) and _silence(run, said) >= least):
            kept += run
    return kept


def _silence(run: list[Seen], said: Said) -> float:
    """Return how probable it is to the line that nothing stands where some characters do."""
    return said.silent(min(seen.piece.left for seen in run), max(seen.piece.right for seen in run))


def _weakest(characters: Iterable[Seen]) -> float:
    return min((seen.probability for seen in characters), default=1.0)


def _any_mark(seen: Seen) -> float:
    return sum(p for label, p in seen.p.items() if label not in DIGITS)


def _paired(cut: list[Seen], line: list[Seen]) -> list[Pair]:
    """Return both readings side by side, with as few differences as can be (Levenshtein 1966)."""
    n, m = len(cut), len(line)
    cost = np.zeros((n + 1, m + 1))
    cost[:, 0], cost[0] = np.arange(n + 1), np.arange(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            aside = cost[i - 1, j - 1] + _difference(cut[i - 1], line[j - 1])
            cost[i, j] = min(aside, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs: list[Pair] = []
    i, j = n, m
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + _difference(cut[i - 1], line[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((cut[i], line[j]))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((cut[i], None))
        else:
            j -= 1
            pairs.append((None, line[j]))
    return pairs[::-1]


def _difference(one: Seen, other: Seen) -> float:
    """Return how unlike two characters are: 0 alike, 1 at one place, 2 at two."""
    if one.label == other.label:
        return 0.0 if _part_in(one, other) > 0 else 0.75
    return 1.0 if _part_in(one, other) > 0 else 2.0


def _part_in(one: Seen, other: Seen) -> float:
    """Return which part of the width of one character is in that of the other; less than 0 where they are apart."""
    shared = min(one.piece.right, other.piece.right) - max(one.piece.left, other.piece.left)
    return shared / (one.piece.right - one.piece.left)


def _whole(line: Seen, look: Callable[[Piece], Mapping[str, float]]) -> Seen | None:
    """Return what the pieces' network says of all the ink of a digit of the line, where it sees that digit, too."""
    p = look(line.piece)
    return replace(line, p=p) if line.label in p and line.label == max(p, key=lambda label: p[label]) else None


def _both(cut: Seen, line: Seen, settings: ArbitrationSettings) -> Seen:
    """Return one character that both have."""
    by_pieces, by_line = _smoothed(cut.p, settings.wrong), _smoothed(line.p, settings.wrong)
    mark = settings.mark * (max(1 - sum(cut.p.values()), 0) + cut.p[SLENDER])  # most marks look like none, or like a 1
    mark = max(mark, settings.least_mark)
    by_pieces = dict.fromkeys(by_line, mark) | {SLASH: max(mark, settings.slash * cut.p[SLENDER])} | by_pieces
    p = {label: by_pieces[label] ** settings.cut * each**settings.line for label, each in by_line.items()}
    total = sum(p.values())
    best = max(p, key=lambda label: p[label])
    shown = cut if best == cut.label else line
    return Seen(shown.piece, best, {label: each / total for label, each in p.items()}, shown.image, line.gap)


def _smoothed(p: Mapping[str, float], wrong: float) -> dict[str, float]:
    """Return probabilities of labels, a part of all shared by all."""
    total = max(sum(p.values()), 1e-9)
    return {label: (1 - wrong) * each / total + wrong / len(p) for label, each in p.items()}


def _dots_and_commas(row: list[Seen], settings: ArbitrationSettings) -> list[Seen]:
    """Return a row whose dots and commas are what the line and their height say, as a comma has a tail."""
    return [
        _weighed(seen, seen.piece.height / _high(row), settings) if seen.label in (DOT, COMMA) else seen for seen in row
    ]


def _weighed(mark: Seen, height: float, settings: ArbitrationSettings) -> Seen:
    """Return a dot or a comma, so many heights of a digit high, as what it is probably."""
    if height > settings.tall_mark:
        return mark
    odds = settings.tail_odds if height >= settings.tail else 1 / settings.tail_odds
    dot, comma = mark.p.get(DOT, 0.0), mark.p.get(COMMA, 0.0)
    either, of_comma = dot + comma, odds * comma / (odds * comma + dot)
    p = {**mark.p, DOT: either * (1 - of_comma), COMMA: either * of_comma}
    return replace(mark, label=COMMA if of_comma > 0.5 else DOT, p=p)


def _spaced(row: list[Seen], settings: ArbitrationSettings) -> list[Seen]:
    """Return a row with the spaces that its gaps bear out: of print, those of its digits; else some of the line's."""
    if len(row) < 2:
        return [replace(seen, gap="") for seen in row]
    spaced = [bool(seen.gap) for seen in row[1:]]
    if any(spaced):
        spaced = [space and wide for space, wide in zip(spaced, _wide_gaps(row, settings), strict=True)]
    printed = _printed_spaces(row, settings)
    if printed is not None:
        spaced = [before if step is None else step for before, step in zip(spaced, printed, strict=True)]
    return [replace(seen, gap=SPACE * space) for seen, space in zip(row, [False, *spaced], strict=True)]


def _wide_gaps(row: list[Seen], settings: ArbitrationSettings) -> list[bool]:
    """Return which gaps of a row are much wider than its others; where characters touch or overlap, is no gap."""
    high = _high(row)
    gaps = [after.piece.left - before.piece.right for before, after in pairwise(row)]
    others = [gap for gap, seen in zip(gaps, row[1:], strict=True) if not seen.gap and gap > settings.touching * high]
    usual = float(np.median(others)) if others else settings.common * high
    n_digits = sum(seen.label in DIGITS for seen in row)
    is_print = n_digits > settings.fewest_steps + 1 and _share_even(row, high, settings) == 1
    gap, wider = (settings.print_gap, settings.print_wider) if is_print else (settings.gap, settings.wider)
    least = max(gap * high, wider * usual)
    return [gap > least for gap in gaps]


def _share_even(row: list[Seen], high: float, settings: ArbitrationSettings) -> float:
    """Return which share of the digits of a row are as high as each other, as those of print; 1 of none."""
    even = [abs(seen.piece.height - high) <= settings.even * high + 1 for seen in row if seen.label in DIGITS]
    return sum(even) / len(even) if even else 1.0


def _high(row: list[Seen]) -> float:
    """Return how high the digits of a row are, in pixels."""
    return float(np.median([seen.piece.height for seen in row if seen.label in DIGITS] or [row[0].piece.height]))


def _printed_spaces(row: list[Seen], settings: ArbitrationSettings) -> list[bool | None] | None:
    """Return before which characters but the first a space stands in print, None beside a mark; None for handwriting.

    The digits of print are as high as each other, and stand at even steps: one with a space in it is longer.  A digit
    whose piece holds a part of the mark beside it is not where it seems to be.  Handwriting may be as even, so only
    spaces between thousands are found so.
    """
    high = _high(row)
    if _share_even(row, high, settings) < settings.most_even:
        return None
    pairs = list(pairwise(row))
    apart = [True, *(seen.piece.right <= after.piece.left for seen, after in pairs), True]
    in_place = [seen.label in DIGITS and all(sides) for seen, sides in zip(row, pairwise(apart), strict=True)]
    between = [all(both) for both in pairwise(in_place)]
    steps = np.diff([(seen.piece.left + seen.piece.right) / 2 for seen in row])[between]
    if len(steps) <= settings.fewest_steps:
        return None
    step = float(np.median(steps))
    ones = np.array([SLENDER in (before.label, after.label) for before, after in pairs])[between]
    even = np.abs(steps - step) <= np.where(ones, settings.slender_step, settings.even_step) * step + settings.even_px
    longer = (steps >= settings.long_step * step) & (steps <= settings.longest_step * step)
    if not np.all(even | longer) or even.sum() < settings.fewest_steps:
        return None
    gaps = np.array([after.piece.left - before.piece.right for before, after in pairs])[between]
    wide = gaps >= settings.long_gap * float(np.median(gaps[even]))
    found = iter((longer & wide).tolist())
    spaces = [next(found) if both else None for both in between]
    text = "".join(seen.label + SPACE * bool(space) for seen, space in zip(row, [*spaces, None], strict=True))
    return None if NO_THOUSANDS.search(text) else spaces
