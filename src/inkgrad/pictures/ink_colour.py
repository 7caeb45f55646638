"""Ink colour: which ink is the writing's where rules and boxes are printed in another colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.morphology import grown


@dataclass(frozen=True)
class InkColourSettings:
    """When two inks differ in colour, and which pixels are of the one.

    darkest        share of the light that ink takes; of darker pixels no colour is seen
    apart_px       pixels; so far from rules ink is the writing's, or that of rules that were not found
    fewest         pixels of each ink that show its colour
    n_steps        of the search for the writing's colour
    least_degrees  between the colours of both inks
    alike          share of the pixels of rules that must be nearer to the colour of rules
    clear          standard deviations of either colour that lie between both (in 22 composed pictures of development
                   3.3 to 19 where pens differ, 1.4 to 2.8 where they do not)
    other          share of the writing's ink in a pixel; with less it is of rules alone
    own            with more it is of the writing alone
    piece          share of the writing's ink in a piece of ink; with less it is the rest of a rule
    """

    darkest: float = 0.97
    apart_px: int = 2
    fewest: int = 40
    n_steps: int = 8
    least_degrees: float = 5.0
    alike: float = 0.85
    clear: float = 3.3
    other: float = 0.2
    own: float = 0.35
    piece: float = 0.6


def share_of_writing(
    taken: NDArray, ruled: NDArray, strokes: NDArray, settings: InkColourSettings = InkColourSettings()
) -> NDArray | None:
    """Return how much of each pixel's ink is the writing's, (height, width) in [0, 1]; None where colours are alike.

    taken    (channels, height, width): the part of the paper's light that ink takes, in [0, 1]
    ruled    bool (height, width), what rules are made of
    strokes  bool (height, width), where there is ink, be it that of rules or of writing

    The logarithms of the light that two inks leave add up, each in proportion to its amount (Lambert 1760, Beer 1852).
    So a pixel's three are a sum of the two inks' colours, and how much there is of each is found by least squares.
    """
    from scipy import ndimage

    if len(taken) < 3:
        return None
    absorbed = -np.log1p(-np.minimum(taken, settings.darkest))
    of_rules, others = absorbed[:, ruled & strokes], absorbed[:, strokes & ~grown(ruled, settings.apart_px)]
    if min(of_rules.shape[1], others.shape[1]) < settings.fewest:
        return None
    rules, writing = _direction(of_rules), _direction(others)
    for _ in range(settings.n_steps):  # as in k-means, but the colour of rules is known
        nearer = writing @ others > rules @ others
        if nearer.sum() < settings.fewest:
            return None
        writing = _direction(others[:, nearer])
    if not _are_two(rules, writing, of_rules, others[:, nearer], settings):
        return None
    by_rules, by_writing = (ndimage.uniform_filter(each, 3) for each in _amounts(rules, writing, absorbed))
    return np.asarray(by_writing / np.maximum(by_rules + by_writing, 1e-6), np.float32)


def of_writing(share: NDArray, settings: InkColourSettings = InkColourSettings()) -> NDArray:
    """Return the part of the ink of each pixel, in [0, 1], that stays where the ink of rules is taken out."""
    return np.clip((share - settings.other) / (settings.own - settings.other), 0, 1)


def _direction(absorbed: NDArray) -> NDArray:
    """Return the mean colour of pixels (channels, n), of length 1."""
    total = absorbed.sum(axis=1, dtype=np.float64)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)


def _are_two(
    rules: NDArray, writing: NDArray, of_rules: NDArray, of_writing: NDArray, settings: InkColourSettings
) -> bool:
    """Return whether two colours are farther apart than the pixels of each."""
    between = writing - rules
    far = float(np.linalg.norm(between))
    if far < np.radians(settings.least_degrees) or (rules @ of_rules > writing @ of_rules).mean() < settings.alike:
        return False
    spreads = [
        (between @ (each / np.maximum(np.linalg.norm(each, axis=0), 1e-6))).std() / far
        for each in (of_rules, of_writing)
    ]
    return far > settings.clear * float(np.sqrt(np.mean(np.square(spreads))))


def _amounts(rules: NDArray, writing: NDArray, absorbed: NDArray) -> NDArray:
    """Return how much there is of either ink, (2, height, width), none less than 0, by least squares."""
    cosine = rules @ writing
    by_rules, by_writing = np.tensordot(rules, absorbed, 1), np.tensordot(writing, absorbed, 1)
    both = np.stack([by_rules - cosine * by_writing, by_writing - cosine * by_rules]) / (1 - cosine**2)
    alone = np.stack([np.where(both[1] < 0, by_rules, 0), np.where(both[0] < 0, by_writing, 0)])
    return np.asarray(np.maximum(np.where((both < 0).any(axis=0), alone, both), 0), np.float32)
