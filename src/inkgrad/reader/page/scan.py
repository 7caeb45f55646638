"""Scan: from a picture to rows of pieces, tables and all, before anything is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures import at_working_size, lightness_skew, thresholds
from inkgrad.pictures.ink_colour import InkColourSettings, of_writing, share_of_writing
from inkgrad.pictures.morphology import ACROSS, DOWN, spread
from inkgrad.pictures.paper import PaperSettings, SkewSettings, as_ink, enlarged, find_skew, taken_by_ink, turned
from inkgrad.pictures.pieces import Piece, PieceSettings, find_pieces, stroke_width, thickness, writing_height
from inkgrad.pictures.rules import Rules, Segment, find_rules, without_rules
from inkgrad.pictures.runs import RuleSettings
from inkgrad.pictures.weak_ink import WeakInkSettings, with_weak_ink
from inkgrad.reader.page.table import CellPlace, Table, TableSettings, extended, find_tables, trimmed


@dataclass(frozen=True)
class RowSettings:
    """Which pieces stand in one row of writing.

    tall        share of the height of the writing; a lower piece does not say where a row goes on
    alone       the same; a lower piece begins no row, as commas of some fonts do not
    overlap     share of a piece's height that it has in common with its row
    near        share of the height of the writing; a bar or a dot is at most this far from the rest of its digit
    neighbours  number of last pieces of a row that say where it goes on
    """

    tall: float = 0.5
    alone: float = 0.6
    overlap: float = 0.4
    near: float = 0.5
    neighbours: int = 3


@dataclass(frozen=True)
class PageSettings:
    """How a page is seen: the numbers of each stage, and those that tell writing from what else lies on a page.

    thinnest_px    shorter side of a picture; a thinner one cannot hold a digit
    unclear        skewness of lightness; below, a picture is seen both as dark on light and as light on dark
    faint          share of a stroke's ink; faint rules have at least this
    one_digit      pixels of a picture; a smaller one may be of a single digit
    small_px       height of the writing; lower writing is enlarged, as the gaps between its strokes are no wider than
                   those of a faint rule
    large_px       about so high
    most_enlarged  times; more shows nothing
    simple         a piece less than this many times as high and wide as its strokes are thick is surely not a grid
    grid           a piece more than this many times as high and wide as its strokes are thick is not a digit
    fewest_pieces  that say how high the writing is
    least_writing  share of the picture's shorter side; lower pieces do not say how high the writing is
    larger         what surrounds the paper is more than this many times as high or wide as the writing
    box_side       the side of a box is at least this many times as high as thick
    field          times the height of a box's side; a rule is longer where the picture's edge cuts the box
    corner_px      its edge is at most this far from the corners that it joins
    wall_end       share of its height; the ends of a wall are at most this far from rules or the picture's edge (of the
                   digits in 20 composed fields of boxes 90 % are right, and 84 % where walls are read)
    straight       times its thickness; a wall between two boxes goes aside by at most this, and a pixel
    fewest_walls   in a picture; a single slender line from rule to rule may be a 1
    printed_bounds  times the height of the writing; a piece in the colour of rules that is so high may be writing, too
    printed_wide   share of its height; a narrower piece is the side of a box
    on_beyond      times the height of walls; where a rule down is longer, strokes from rule to rule are no walls (in 40
                   pictures of squared paper 91.9 % of the characters are read with it, 89.6 without)
    tall           share of the height of the writing; lower pieces do not say where a table goes on
    half           share of the cells that have writing in a table that fills the picture
    outside        share of a piece; with more outside its cell it lies across lines
    straddling     share of a table's pieces; with more across its lines it is squared paper, not a table
    straddling_paper  the same where the rules go on beyond it
    bent_px        pixels; rules go aside by at most this from there to the edge
    """

    paper: PaperSettings = PaperSettings()
    weak_ink: WeakInkSettings = WeakInkSettings()
    colours: InkColourSettings = InkColourSettings()
    skew: SkewSettings = SkewSettings()
    pieces: PieceSettings = PieceSettings()
    rules: RuleSettings = RuleSettings()
    tables: TableSettings = TableSettings()
    rows: RowSettings = RowSettings()
    thinnest_px: int = 5
    unclear: float = 0.4
    faint: float = 0.6
    one_digit: int = 100_000
    small_px: float = 22
    large_px: float = 34
    most_enlarged: int = 3
    simple: float = 12
    grid: float = 24
    fewest_pieces: int = 4
    least_writing: float = 0.02
    larger: float = 3.0
    box_side: float = 7
    field: float = 2
    corner_px: float = 7
    wall_end: float = 0.15
    straight: float = 0.4
    fewest_walls: int = 3
    printed_bounds: tuple[float, float] = (0.5, 1.3)
    printed_wide: float = 0.3
    on_beyond: float = 1.5
    tall: float = 0.5
    half: float = 0.5
    outside: float = 0.25
    straddling: float = 0.3
    straddling_paper: float = 0.07
    bent_px: int = 2


@dataclass(frozen=True, eq=False)
class Scan:
    """A picture as ink, with what lies in it.

    ink      what is worked on, float32 (height, width) in [0, 1]: `scale` pixels for one of the picture, and
             turned clockwise by `degrees` about its middle
    size     width and height of the picture in its own pixels
    ruled    bool (height, width), which strokes in it are those of rules, and were left out of pieces
    high     the height of the writing in pixels of `ink`
    rows     pieces of ink from left to right: those of one cell of a table, or of one line outside of tables
    places   for each row the number of its table, and the row and column of its cell; None outside
    tables   the largest first
    colours  uint8 (height, width, channels) what was worked on before it was turned by `degrees`, ink darker than paper
    turned   0, 90, 180 or 270: the picture was first turned by so many degrees, clockwise
    """

    ink: NDArray
    size: tuple[int, int]
    scale: float
    degrees: float
    ruled: NDArray
    high: float
    rows: list[list[Piece]]
    places: list[tuple[int, int, int] | None]
    tables: list[Table]
    colours: NDArray
    turned: int = 0

    def box_of(self, piece: Piece) -> tuple[int, int, int, int]:
        """Return the box of a piece, left, top, right and bottom, in pixels of the picture as it was."""
        corners: NDArray = np.array(
            [(x, y) for x in (piece.left, piece.right) for y in (piece.top, piece.bottom)], float
        )
        if self.degrees:
            a, middle = np.radians(self.degrees), np.array(self.ink.shape[::-1]) / 2
            corners = (corners - middle) @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) + middle
        (height, width), (x, y) = self.ink.shape, corners.T
        corners = np.stack(
            {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[self.turned], axis=1
        )
        corners = np.clip(corners / self.scale, 0, self.size)
        left, top = np.floor(corners.min(axis=0)).astype(int)
        right, bottom = np.ceil(corners.max(axis=0)).astype(int)
        return int(left), int(top), int(right), int(bottom)


def middle_of(page: Scan) -> Scan:
    """Return a scan without the pieces that the picture's edge cuts, where the one nearest to its middle is whole.

    So the neighbours of a digit that was cut out of a page are left aside.  A picture with a table stays as it is.
    """
    height, width = page.ink.shape
    pieces = [piece for row in page.rows for piece in row]
    tall = [piece for piece in pieces if piece.height >= RowSettings().tall * page.high]
    if page.tables or not tall:
        return page

    def is_cut(piece: Piece) -> bool:
        return piece.left <= 0 or piece.top <= 0 or piece.right >= width or piece.bottom >= height

    nearest = min(tall, key=lambda piece: np.hypot(piece.middle[0] - height / 2, piece.middle[1] - width / 2))
    if is_cut(nearest):
        return page
    rows = [kept for row in page.rows if (kept := [piece for piece in row if not is_cut(piece)])]
    return replace(page, rows=rows, places=[None] * len(rows))


def turned_by(page: Scan, turns: Sequence[int], settings: PageSettings = PageSettings()) -> list[Scan]:
    """Return the scans of the same picture turned clockwise by 90, 180 or 270 degrees; boxes stay where they were."""
    taken = taken_by_ink(page.colours, settings=settings.paper)
    return [
        replace(_scanned(page.colours, _quarters(taken, turn), page.size, page.scale, settings), turned=turn)
        for turn in turns
    ]


def _quarters(taken: NDArray, degrees: int) -> NDArray:
    """Return channels (channels, height, width) turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(taken, -degrees // 90, (1, 2)))


def scan(colours: NDArray, settings: PageSettings = PageSettings()) -> list[Scan]:
    """Return what lies in a picture, uint8 (height, width, channels).

    It is one scan; two where it is not clear whether ink is darker or lighter than paper; and none
    where the picture is of one colour, or too thin to hold a digit.
    """
    height, width, _ = colours.shape
    if min(height, width) < settings.thinnest_px or np.ptp(colours) == 0:
        return []
    work, scale = at_working_size(colours, settings.paper)
    size = width, height
    pages = _both_ways(work, size, scale, settings)
    high = max((page.high for page in pages), default=0)
    factor = min(ceil(settings.large_px / high), settings.most_enlarged) if 0 < high < settings.small_px else 1
    if factor > 1 and work[..., 0].size * factor**2 <= settings.paper.most_pixels:
        return _both_ways(enlarged(work, factor), size, scale * factor, settings)
    return pages


def _both_ways(work: NDArray, size: tuple[int, int], scale: float, settings: PageSettings) -> list[Scan]:
    """Return what lies in a picture at its working size; twice where either ink or paper may be dark."""
    skew = lightness_skew(work, settings.paper)
    ways = [skew > 0] if abs(skew) > settings.unclear else [skew > 0, skew <= 0]
    dark = [255 - work if light_on_dark else work for light_on_dark in ways]
    return [_scanned(each, taken_by_ink(each, settings=settings.paper), size, scale, settings) for each in dark]


def _scanned(colours: NDArray, taken: NDArray, size: tuple[int, int], scale: float, settings: PageSettings) -> Scan:
    """Return what lies in a picture, for the light that is taken in each channel."""
    ink, degrees, sheet = _upright(as_ink(taken, settings.paper), settings)
    share = _share_of_writing(taken, degrees, sheet, settings)
    if share is not None:
        ink = ink * of_writing(share, settings.colours)
        sheet = _sheet_without_rules(ink, share, sheet.rules, settings)
    pieces, high = sheet.pieces, sheet.high
    rows: list[list[Piece]] = []
    places: list[tuple[int, int, int] | None] = []
    tables: list[Table] = []
    for table in find_tables(sheet.rules, high, settings.tables):
        middles = np.array([piece.middle for piece in pieces if piece.height > settings.tall * high]).reshape(-1, 2)
        filled = {place for place, its in _by_cell(pieces, table).items() if its}
        if not filled:
            continue
        whole = table
        table = extended(trimmed(table, filled, ink.shape, settings.tables), middles, settings.tables)
        inside = _by_cell(pieces, table)
        if _is_squared_paper(inside, table, whole, sheet.rules, settings):
            continue
        for (row, column), its in inside.items():
            if its:
                rows.append(sorted(its, key=lambda piece: piece.middle[1]))
                places.append((len(tables), row, column))
        placed = {id(piece) for its in inside.values() for piece in its}
        pieces = [piece for piece in pieces if id(piece) not in placed]
        tables.append(table)
    free = in_rows(pieces, high, settings.rows)
    places += [None] * len(free)
    return Scan(ink, size, scale, degrees, sheet.ruled, high, rows + free, places, tables, colours)


def _upright(ink: NDArray, settings: PageSettings) -> tuple[NDArray, float, _Sheet]:
    """Return ink turned so that rows lie along rows of pixels, clockwise by how many degrees, and what is there."""
    sheet = _sheet(ink, settings)
    if len(sheet.pieces) >= settings.skew.fewest_pieces or sheet.may_hold_grid(settings.grid):
        degrees = find_skew(sheet.mask, sheet.high, settings.skew)
        if abs(degrees) >= settings.skew.least_degrees:
            ink = turned(ink, degrees)
            return ink, degrees, _sheet(ink, settings)
    return ink, 0.0, sheet


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Where strokes are clear, which strokes are rules' own, how thick strokes are, their pieces, and the rules."""

    mask: NDArray
    ruled: NDArray
    stroke: float
    pieces: list[Piece]
    rules: Rules
    settings: PieceSettings

    @cached_property
    def high(self) -> float:
        """How high the writing is, in pixels; 0 where there is none."""
        if not self.pieces:
            return 0.0
        sizes = np.array([(piece.height, piece.width) for piece in self.pieces])
        return writing_height(sizes, self.stroke, self.mask.shape, self.settings)

    def may_hold_grid(self, times: float) -> bool:
        """Return whether a piece is so many times as high and wide as strokes are thick."""
        return any(min(piece.height, piece.width) > times * self.stroke for piece in self.pieces)


def _sheet(ink: NDArray, settings: PageSettings) -> _Sheet:
    least = thresholds(ink, settings.paper)
    strong = ink > least
    stroke = stroke_width(strong, settings.pieces)
    if strong.size <= settings.one_digit and len(pieces := find_pieces(strong, stroke, settings.pieces)) == 1:
        mask = with_weak_ink(ink, least, strong, stroke, settings=settings.weak_ink)
        nothing = np.zeros_like(mask)
        if mask is not strong:
            pieces = find_pieces(mask, stroke, settings.pieces)
        alone = _Sheet(strong, nothing, stroke, pieces, Rules(nothing, nothing), settings.pieces)
        if len(pieces) == 1 and not alone.may_hold_grid(settings.simple):  # a single digit, often, and soon done
            return alone
    rules = find_rules(ink, strong, ink > settings.faint * least, settings.rules, settings.pieces)
    mask = with_weak_ink(ink, least, strong, stroke, rules.around, settings.weak_ink)
    written = without_rules(mask, rules, settings.rules)
    pieces = find_pieces(written, stroke, settings.pieces)
    pieces = _on_the_paper(pieces, mask.shape, settings)
    pieces = [piece for piece in pieces if not _is_box_side(piece, rules, mask.shape[0], settings)]
    printed = mask & ~written
    walls = _walls(pieces, ink, rules, settings)
    if walls:
        pieces = [piece for piece in pieces if piece not in walls]
        for wall in walls:
            printed[wall.top : wall.bottom, wall.left : wall.right] |= wall.mask
    return _Sheet(strong, printed, stroke, pieces, rules, settings.pieces)


def _share_of_writing(taken: NDArray, degrees: float, sheet: _Sheet, settings: PageSettings) -> NDArray | None:
    """Return how much of the ink of a picture, once upright, is the writing's; None unless rules are of another colour.

    Pieces as large as writing are writing, be it printed, though they have the colour of rules.  Where these are more
    than the others, the colour of rules is that of the writing, and the others are printed.
    """
    if not sheet.rules:
        return None
    taken = np.stack([turned(channel, degrees) for channel in taken]) if degrees else taken
    share = share_of_writing(taken, sheet.rules.across | sheet.rules.down, sheet.mask, settings.colours)
    if share is None:
        return None
    least, most = (bound * sheet.high for bound in settings.printed_bounds)
    large = [
        piece
        for piece in sheet.pieces
        if least <= piece.height <= most and settings.printed_wide * piece.height <= piece.width <= most
    ]
    as_rules = [piece for piece in large if _mean(share, piece) < settings.colours.piece]
    if 2 * len(as_rules) > len(large):
        return None
    for piece in as_rules:
        share[piece.top : piece.bottom, piece.left : piece.right][piece.mask] = 1
    return share


def _sheet_without_rules(ink: NDArray, share: NDArray, rules: Rules, settings: PageSettings) -> _Sheet:
    """Return what is in the ink of writing alone, beside rules; `share` is how much of the ink before was its."""
    least = thresholds(ink, settings.paper)
    strong = ink > least
    stroke = stroke_width(strong, settings.pieces)
    mask = with_weak_ink(ink, least, strong, stroke, settings=settings.weak_ink)
    pieces = _on_the_paper(find_pieces(mask, stroke, settings.pieces), mask.shape, settings)
    pieces = [piece for piece in pieces if _mean(share, piece) >= settings.colours.piece]
    return _Sheet(strong, np.zeros_like(mask), stroke, pieces, rules, settings.pieces)


def _mean(values: NDArray, piece: Piece) -> float:
    return float(values[piece.top : piece.bottom, piece.left : piece.right][piece.mask].mean())


def _is_box_side(piece: Piece, rules: Rules, height: int, settings: PageSettings) -> bool:
    """Return whether a piece is a slender line between the ends of two rules, as the slanted side of a box is.

    Where the upper or the lower edge of the picture, which is so high, cuts the box, it goes from one rule to there.
    """
    thick = thickness(piece)
    if piece.height < settings.box_side * thick:
        return False
    ends = [(np.flatnonzero(piece.mask[row]).mean() + piece.left, piece.top + row) for row in (0, piece.height - 1)]
    across = [rule for rule in rules.segments if rule.axis == ACROSS]
    joins = [any(_ends_at(rule, *end, settings.corner_px + thick / 2) for rule in across) for end in ends]
    if all(joins):
        return True
    near, longest = settings.wall_end * piece.height, max((rule.stop - rule.start for rule in across), default=0)
    is_cut = piece.top <= near if joins[1] else piece.bottom >= height - near
    return any(joins) and is_cut and longest > settings.field * piece.height


def _ends_at(rule: Segment, right: float, down: float, near: float) -> bool:
    """Return whether a rule across starts or stops near a point."""
    return min(abs(rule.start - right), abs(rule.stop - right)) <= near and abs(rule.at(right) - down) <= near


def _walls(pieces: list[Piece], ink: NDArray, rules: Rules, settings: PageSettings) -> list[Piece]:
    """Return the walls between boxes: slender straight lines from one rule across to the next.

    There are none where they are few, or rules down go on beyond them, as those of squared paper do.
    """
    across = [rule for rule in rules.segments if rule.axis == ACROSS]
    if not across:
        return []
    most = settings.rules.heavier * float(np.median([rule.ink for rule in across]))
    walls = [piece for piece in pieces if _is_wall(piece, ink, most, across, settings)]
    if not walls or len(walls) < settings.fewest_walls:
        return []
    longest = settings.on_beyond * float(np.median([wall.height for wall in walls]))
    go_on = any(rule.axis == DOWN and rule.stop - rule.start > longest for rule in rules.segments)
    return [] if go_on else walls


def _is_wall(piece: Piece, ink: NDArray, most: float, across: list[Segment], settings: PageSettings) -> bool:
    """Return whether a piece is a slender straight line from a rule across to the next.

    What has more ink than `most` for each pixel of its height is a stroke of a pen.
    """
    thick = thickness(piece)
    if piece.height < settings.box_side * thick or _mean(ink, piece) * thick > most:
        return False
    rows = np.arange(piece.height)
    middles = (piece.mask @ np.arange(piece.width)) / np.maximum(piece.mask.sum(axis=1), 1)
    written = piece.mask.any(axis=1)
    slope, first = np.polyfit(rows[written], middles[written], 1)
    if np.abs(middles[written] - first - slope * rows[written]).max() > settings.straight * thick + 1:
        return False
    ends = [(piece.left + first + slope * row, piece.top + row) for row in (0, piece.height - 1)]
    near = min(settings.corner_px, settings.wall_end * piece.height)
    return all(any(_lies_on(rule, *end, near) for rule in across) for end in ends)


def _lies_on(rule: Segment, right: float, down: float, near: float) -> bool:
    """Return whether a point is near a rule across."""
    return rule.start - near <= right <= rule.stop + near and abs(rule.at(right) - down) <= near


def _on_the_paper(pieces: list[Piece], shape: tuple[int, ...], settings: PageSettings) -> list[Piece]:
    """Return pieces without those at the picture's edge that are much larger than the others: desks, hands, shadows.

    How high the others are is the median of their heights, each weighted by itself, so that dirt counts little.
    """

    def at_edge(piece: Piece) -> bool:
        return piece.top == 0 or piece.left == 0 or piece.bottom == shape[0] or piece.right == shape[1]

    least = settings.least_writing * min(shape)
    heights = np.sort([piece.height for piece in pieces if not at_edge(piece) and piece.height > least])
    if len(heights) < settings.fewest_pieces:
        return pieces
    so_far = np.cumsum(heights)
    most = settings.larger * float(heights[np.searchsorted(so_far, so_far[-1] / 2)])
    return [piece for piece in pieces if not (at_edge(piece) and max(piece.height, piece.width) > most)]


def _by_cell(pieces: list[Piece], table: Table) -> dict[CellPlace, list[Piece]]:
    """Return the pieces whose middle lies in each cell of a table."""
    inside: dict[CellPlace, list[Piece]] = {place: [] for place in table.cells}
    for piece in pieces:
        down, right = piece.middle
        for place, (top, left, bottom, right_edge) in table.cells.items():
            if top <= down < bottom and left <= right < right_edge:
                inside[place].append(piece)
                break
    return inside


def _is_squared_paper(
    inside: dict[CellPlace, list[Piece]], table: Table, whole: Table, rules: Rules, settings: PageSettings
) -> bool:
    """Return whether writing takes no notice of lines: many pieces lie across them, or they fill the picture.

    `whole` is the table with all cells around it that have no writing.
    """
    n, across = 0, 0
    for place, pieces in inside.items():
        top, left, bottom, right = table.cells[place]
        for piece in pieces:
            n += 1
            over = max(left - piece.left, piece.right - right, top - piece.top, piece.bottom - bottom)
            across += over > settings.outside * max(piece.height, piece.width)
    goes_on = _n_sides(whole, rules, settings) > 2
    fills = _n_edges(table, rules.down.shape) > 2 or goes_on
    is_empty = sum(map(bool, inside.values())) < settings.half * len(inside)
    most = settings.straddling_paper if goes_on else settings.straddling
    return (fills and table.n_rows > 2 and is_empty) or across > most * max(n, 1)


def _n_edges(table: Table, shape: tuple[int, ...]) -> int:
    """Return how many edges of a picture are less than a cell away from a table."""
    boxes = np.array(list(table.cells.values()))
    height, width = np.median(boxes[:, 2:] - boxes[:, :2], axis=0)
    starts = (boxes[:, 0].min() < height) + (boxes[:, 1].min() < width)
    return int(starts + (boxes[:, 2].max() > shape[0] - height) + (boxes[:, 3].max() > shape[1] - width))


def _n_sides(table: Table, rules: Rules, settings: PageSettings) -> int:
    """Return on how many sides of a table most of its rules go on to the picture's edge."""
    boxes = np.array(list(table.cells.values()))
    (top, left), (bottom, right) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    across, down = rules.across, rules.down.T
    beyond = (
        (down[:, :top], table.n_columns),
        (down[:, bottom:], table.n_columns),
        (across[:, :left], table.n_rows),
        (across[:, right:], table.n_rows),
    )
    return sum(_n_going(lines, settings) > settings.half * n for lines, n in beyond)


def _n_going(lines: NDArray, settings: PageSettings) -> int:
    """Return how many rules across go through most of a strip of a picture."""
    if lines.shape[1] <= settings.tables.edge_px:
        return 0
    goes = spread(lines, settings.bent_px, DOWN).mean(axis=1) > settings.half
    return int(goes[0]) + int((goes[1:] & ~goes[:-1]).sum())


def in_rows(pieces: list[Piece], high: float, settings: RowSettings = RowSettings()) -> list[list[Piece]]:
    """Return the pieces row by row from top to bottom, each from left to right.

    High pieces make the rows: from left to right, each goes to the row whose last pieces it
    overlaps most.  Low ones (bars, dots) go where they overlap or lie nearest.
    """
    if len(pieces) == 1:
        return [pieces]
    tall = sorted((each for each in pieces if each.height >= settings.tall * high), key=lambda each: each.middle[1])
    low = [piece for piece in pieces if piece.height < settings.tall * high]
    rows: list[list[Piece]] = []
    ends = np.zeros((len(tall), 2))  # top and bottom of the end of each row
    for piece in tall:
        tops, bottoms = ends[: len(rows)].T
        shared = np.minimum(piece.bottom, bottoms) - np.maximum(piece.top, tops)
        shares = shared / np.minimum(piece.height, np.maximum(bottoms - tops, 1))
        best = int(shares.argmax()) if rows else 0
        if rows and shares[best] >= settings.overlap:
            rows[best].append(piece)
        elif piece.height < settings.alone * high:
            low.append(piece)
            continue
        else:
            best = len(rows)
            rows.append([piece])
        end = rows[best][-settings.neighbours :]
        ends[best] = np.mean([other.top for other in end]), np.mean([other.bottom for other in end])
    if not rows:
        return [sorted(pieces, key=lambda piece: piece.middle[1])] if pieces else []
    number = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    boxes = np.array([(each.top, each.bottom, each.left, each.right) for row in rows for each in row], float)
    for piece in low:
        distances = _distances(piece, boxes)
        nearest = int(distances.argmin())
        if distances[nearest] < settings.near * high:
            rows[number[nearest]].append(piece)
    rows.sort(key=lambda row: np.mean([piece.middle[0] for piece in row]))
    return [sorted(row, key=lambda piece: piece.middle[1]) for row in rows]


def _distances(piece: Piece, boxes: NDArray) -> NDArray:
    """Return how far a piece is outside each of boxes (n, 4): top, bottom, left, right; sideways counts half."""
    top, bottom, left, right = boxes.T
    down = np.maximum(np.maximum(top - piece.middle[0], piece.middle[0] - bottom), 0)
    return np.asarray(down + np.maximum(np.maximum(left - piece.right, piece.left - right), 0) / 2)
