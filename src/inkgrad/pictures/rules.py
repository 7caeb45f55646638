"""Rules: printed lines and the sides of boxes, found and taken out, with the strokes that cross them kept whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.morphology import ACROSS, DOWN, spread
from inkgrad.pictures.pieces import PieceSettings, stroke_width, writing_height
from inkgrad.pictures.runs import (
    InkRun,
    RuleSettings,
    closed_frames,
    drawn,
    in_line,
    ink_along,
    is_side,
    long_runs,
    own_ink,
)


@dataclass(frozen=True)
class Segment:
    """A straight piece of a rule: from `start` to `stop` along an axis, and where its ends lie across it.

    `ink` is how much it has for each pixel of its length: its thickness in pixels where it is quite black.
    """

    axis: int
    start: int
    stop: int
    at_start: float
    at_stop: float
    ink: float

    def at(self, along: float) -> float:
        """Return where it lies across, at a place along it or beyond its ends."""
        share = (along - self.start) / (self.stop - self.start)
        return (1 - share) * self.at_start + share * self.at_stop


@dataclass(frozen=True, eq=False)
class Rules:
    """Where the rules of a picture are, as masks (height, width): those across, those down; and as segments.

    `around` is a mask of their ink with that of it that is too pale to be a stroke, and a pixel more; None without any.
    """

    across: NDArray
    down: NDArray
    segments: tuple[Segment, ...] = ()
    around: NDArray | None = None

    def __bool__(self) -> bool:
        return bool(self.across.any() or self.down.any())


def find_rules(
    ink: NDArray,
    strokes: NDArray,
    faint: NDArray,
    settings: RuleSettings = RuleSettings(),
    writing: PieceSettings = PieceSettings(),
) -> Rules:
    """Return the rules among strokes, bool (height, width), of ink in [0, 1].

    `faint` has the strokes and what is nearly as dark; `writing` says what is a piece of writing, and so not a rule.

    A rule is a run of ink, straight or nearly so, that is much longer than thick and than the
    writing is high; or a shorter one between two such rules, as the sides of boxes are.
    """
    least = max(settings.shortest_px, min(min(strokes.shape) // 5, 36), max(strokes.shape) // 32)
    labels, runs = {}, {}
    for axis in ACROSS, DOWN:
        labels[axis], runs[axis] = long_runs(faint, axis, least, settings)
    frames = closed_frames(runs, settings)
    rest = strokes & ~drawn(frames[ACROSS], labels[ACROSS]) & ~drawn(frames[DOWN], labels[DOWN])
    clear = rest & (labels[ACROSS] == 0) & (labels[DOWN] == 0)
    high = max(_writing_height(rest, writing), _writing_height(clear, writing))
    taken = {
        axis: [
            run
            for run in runs[axis]
            if run in frames[axis]
            or _is_long(run, high, settings)
            or _goes_through(run, axis, high, strokes.shape, settings)
        ]
        for axis in (ACROSS, DOWN)
    }
    for axis in ACROSS, DOWN:
        walls = spread(drawn(taken[1 - axis], labels[1 - axis]), 3, axis)
        most = settings.heavier * _usual_ink(taken[1 - axis], labels[1 - axis], ink)
        more = [
            run
            for run in runs[axis]
            if run not in taken[axis]
            and _ends_on(run, walls, axis, labels[axis], high, settings)
            and ink_along(run, labels[axis], ink) <= most
        ]
        taken[axis] = in_line(taken[axis] + more, axis, settings) if more else taken[axis]
    segments = tuple(
        Segment(
            axis,
            run.box[axis].start,
            run.box[axis].stop,
            run.at_start,
            run.at_stop,
            ink_along(run, labels[axis], ink),
        )
        for axis in (ACROSS, DOWN)
        for run in taken[axis]
    )
    own = {axis: own_ink(taken[axis], labels[axis], faint, ink, axis, settings.overwritten) for axis in (ACROSS, DOWN)}
    around = spread(own[ACROSS], 1, DOWN) | spread(own[DOWN], 1, ACROSS)
    rules = Rules(own[ACROSS] & strokes, own[DOWN] & strokes, segments, around)
    left = strokes & ~rules.across & ~rules.down
    nothing = np.zeros_like(strokes)
    return rules if left.sum() > settings.least_left * strokes.sum() else Rules(nothing, nothing)


def _writing_height(strokes: NDArray, writing: PieceSettings) -> float:
    """Return how high most pieces of strokes are, in pixels; 0 where none is smaller than the picture."""
    from scipy import ndimage

    labels, n = ndimage.label(strokes, np.ones((3, 3)))
    if n == 0:
        return 0.0
    sizes = np.array([(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in ndimage.find_objects(labels)])
    small = (sizes < writing.largest * np.array(strokes.shape)).all(axis=1)
    stroke = stroke_width(strokes, writing)
    return writing_height(sizes[small], stroke, strokes.shape, writing) if small.any() else 0.0


def _is_long(run: InkRun, high: float, settings: RuleSettings) -> bool:
    """Return whether a run is longer than any stroke of a pen."""
    return run.length > settings.very_long * run.thickness or (
        high > 0 and run.length > max(settings.slender * run.thickness, settings.long * high)
    )


def _goes_through(run: InkRun, axis: int, high: float, shape: tuple[int, ...], settings: RuleSettings) -> bool:
    """Return whether a run goes from edge to edge of the picture, as what is left of a frame does."""
    from_edge, to_edge = run.box[axis].start <= 2, run.box[axis].stop >= shape[axis] - 2
    return from_edge and to_edge and run.length > max(settings.ending * run.thickness, high) and high > 0


def _usual_ink(runs: list[InkRun], labels: NDArray, ink: NDArray) -> float:
    """Return how much ink runs have for each pixel of their length; half of their length has less."""
    if not runs:
        return 0.0
    each = np.array([ink_along(run, labels, ink) for run in runs])
    order = np.argsort(each)
    along = np.cumsum([runs[k].length for k in order])
    return float(each[order[np.searchsorted(along, along[-1] / 2)]])


def _ends_on(run: InkRun, walls: NDArray, axis: int, labels: NDArray, high: float, settings: RuleSettings) -> bool:
    """Return whether a run begins and ends on walls, or is very slender and does so at one end."""
    mine = labels[run.box] == run.label
    met = np.flatnonzero((mine & walls[run.box]).any(axis=1 - axis))
    near = max(4, run.length // 8)
    begins = bool((met <= near).any()) or run.box[axis].start <= 2
    ends = bool((met >= run.length - 1 - near).any()) or run.box[axis].stop >= labels.shape[axis] - 2
    n_ends = begins + ends
    slender = settings.ending if n_ends > 1 else settings.slender
    least = max(slender * run.thickness, settings.beside_writing * high)
    return n_ends > 0 and is_side(run, axis, settings) and run.length > least and high > 0


def without_rules(strokes: NDArray, rules: Rules, settings: RuleSettings = RuleSettings()) -> NDArray:
    """Return strokes without the rules; where a stroke crosses a rule, it stays whole."""
    if not rules:
        return strokes
    lines = rules.across | rules.down
    rest = strokes & ~lines
    across = _bridged(rest, rules.across, settings.thickest_px)
    down = _bridged(rest.T, rules.down.T, settings.thickest_px).T
    return np.asarray(rest | (across & ~rules.down) | (down & ~rules.across))


def _bridged(rest: NDArray, lines: NDArray, thickest: int) -> NDArray:
    """Return the pixels of lines across that have ink of the rest both above and below, or nearly so."""
    width = rest.shape[1] + 2
    ink = np.pad(rest, 1).ravel()
    where = np.flatnonzero(np.pad(lines, 1))
    n_steps = min(_thickness(lines), thickest)
    above, below = (_reached(ink, where, side, n_steps) for side in (-width, width))
    bridged = np.zeros(ink.size, bool)
    bridged[where] = above & below
    return bridged.reshape(-1, width)[1:-1, 1:-1]


def _reached(ink: NDArray, where: NDArray, side: int, n_steps: int) -> NDArray:
    """Return which pixels, at indices `where`, are reached from ink by steps away from `side`, straight or aslant."""
    ink, reached = ink.copy(), np.zeros(len(where), bool)
    for _ in range(n_steps):
        beside = where[~reached] + side
        new = ink[beside - 1] | ink[beside] | ink[beside + 1]
        if not new.any():
            break
        reached[~reached] = new
        ink[where[reached]] = True
    return reached


def _thickness(lines: NDArray) -> int:
    """Return how thick lines across are, in pixels: nearly the most of them all."""
    columns = lines[:, lines.any(axis=0)]
    starts = (columns[1:] & ~columns[:-1]).sum() + columns[0].sum()
    return int(np.ceil(2 * columns.sum() / max(starts, 1))) + 1 if columns.size else 0
