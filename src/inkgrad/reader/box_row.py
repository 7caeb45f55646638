"""Box row: boxes side by side with one character each, which are read as one line, too.

Alone in its box, a mark may be anything: a dot is as large as one likes, and a / is a 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inkgrad.reader.line_eye import Said
from inkgrad.reader.page import Scan
from inkgrad.reader.parsing import ParsingSettings, tables_of_boxes
from inkgrad.reader.strips import Strip


def lines_of_boxes(scan: Scan, asked: Sequence[bool], settings: ParsingSettings = ParsingSettings()) -> list[list[int]]:
    """Return which rows of a scan are the boxes of one line, from left to right, if any of the line is asked for."""
    tables, found = tables_of_boxes(scan, settings), dict[int, list[int]]()
    for number, place in enumerate(scan.places):
        if place is not None and place[0] in tables and scan.tables[place[0]].n_rows == 1:
            found.setdefault(place[0], []).append(number)
    lines = [its for its in found.values() if len(its) > 1 and any(asked[number] for number in its)]
    return [sorted(its, key=lambda number: _sides(scan, number)[0]) for its in lines]


def joined(strips: Sequence[Strip]) -> Strip:
    """Return the strips of boxes side by side as one, each at its place."""
    left = min(strip.left for strip in strips)
    right = max(strip.left + strip.ink.shape[1] for strip in strips)
    top = min(int(strip.tops.min()) for strip in strips)
    bottom = max(int(strip.tops.max()) + len(strip.ink) for strip in strips)
    ink = np.zeros((bottom - top, right - left), np.float32)
    for strip in strips:
        rows = strip.tops - top + np.arange(len(strip.ink))[:, None]
        columns = np.broadcast_to(strip.left - left + np.arange(strip.ink.shape[1]), rows.shape)
        ink[rows, columns] = np.maximum(ink[rows, columns], strip.ink)
    high = float(np.median([strip.high for strip in strips]))
    return Strip(ink, left, np.full(right - left, top), high, strips[0].page)


def shared_out(said: Said, scan: Scan, boxes: Sequence[int]) -> list[Said]:
    """Return what a line of boxes says as what each of them does."""
    parts = []
    for number in boxes:
        left, right = _sides(scan, number)
        own = [replace(seen, gap="") for seen in said.characters if left <= seen.piece.middle[1] < right]
        parts.append(Said(own, said.silent(left, right) if not own else min(s.probability for s in own), said.silence))
    return parts


def _sides(scan: Scan, number: int) -> tuple[int, int]:
    """Return the first column of a row's box, and the one after its last."""
    place = scan.places[number]
    assert place is not None
    _, left, _, right = scan.tables[place[0]].cells[place[1:]]
    return left, right
