"""Weak ink: what is too pale to be a stroke by itself, but goes on where a stroke ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.morphology import grown


@dataclass(frozen=True)
class WeakInkSettings:
    """Which weak ink joins the strokes that it touches: two thresholds, with a condition.

    Chosen on made-up lines of development: of 40 in uneven pencil 7 are read without it, 37 with it; of 20 whose digits
    touch 14 and 17; of 40 over guilloche 39 both times.

    least    share of the threshold of strokes; weaker ink is paper; 1 joins none
    darkest  share of the darkest ink nearby; weaker ink is the soft edge of a stroke (0.5: 26 of those in pencil; 0,
             which lets strokes grow thick: 13 of those that touch)
    nearby   times the width of a stroke; nearby is so far each way
    rim      share of the width of a stroke, a pixel at least; ink that goes no farther is a soft edge
    beyond   times the width of a stroke; weak ink so far from strokes lies away from them, as does what touches none
    away     share of the ink; where more of it lies away, as of textures and the edges of shadows, none is joined
    """

    least: float = 0.45
    darkest: float = 0.4
    nearby: float = 1.0
    rim: float = 0.15
    beyond: float = 2.5
    away: float = 0.05


def with_weak_ink(
    ink: NDArray,
    thresholds: NDArray,
    strokes: NDArray,
    stroke: float,
    apart: NDArray | None = None,
    settings: WeakInkSettings = WeakInkSettings(),
) -> NDArray:
    """Return strokes, bool (height, width), with the weak ink that goes on where they end.

    ink         (height, width), in [0, 1]
    thresholds  the ink that a stroke has at least in each place
    stroke      how thick a stroke is, in pixels
    apart       what is no writing: nothing is joined to it, nor it to strokes; None where there is no such thing

    Strokes of a pencil, of a dry pen or of what was enlarged are much paler in parts than in others; a threshold that
    fits the dark parts breaks them.  A lower one joins soft edges, paper and print.  So a pixel is joined where it is
    dark beside its own surroundings, and hangs together with a stroke; and all stays as it is where much of the weak
    ink lies away from strokes.  (Two thresholds: Canny 1986, https://doi.org/10.1109/TPAMI.1986.4767851, section VI.)
    """
    from scipy import ndimage

    pale = ink > settings.least * thresholds
    if apart is not None:
        pale &= ~apart
    near = grown(strokes, max(1, round(settings.rim * stroke)))
    if not (pale & ~near).any():  # soft edges alone, as of most single digits
        return strokes
    weak = pale & (ink > settings.darkest * grown(ink, round(settings.nearby * stroke)))
    far = weak & ~near
    if not far.any():
        return strokes
    seeds = strokes if apart is None else strokes & ~apart
    weak |= seeds
    labels, n = ndimage.label(weak, np.ones((3, 3)))
    own = np.bincount(labels[seeds], minlength=n + 1)
    lies_away = weak & ((own == 0)[labels] | ~grown(strokes, round(settings.beyond * stroke)))
    if lies_away.sum() > settings.away * weak.sum():
        return strokes
    goes_on = np.bincount(labels[far], minlength=n + 1) > 0
    return np.asarray(strokes | ((own > 0) & goes_on)[labels])
