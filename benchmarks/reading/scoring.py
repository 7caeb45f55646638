"""Scoring: what of a picture was read right."""

from dataclasses import dataclass, fields

Table = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Answer:
    """What a reader read, or should: lines joined by newlines, "?" where it is unsure, and a table's rows of cells.

    Lines have the marks and spaces that they have; those of a table are its cells joined by nothing.
    """

    text: str
    table: Table | None = None


@dataclass
class Score:
    """Counts over pictures; errors are characters that were misread, missed, or read where there is none.

    A mark or a space where none is counts as a character that is too much, also beside digits alone.
    lines_but_spaces  lines that are right, spaces aside
    """

    pictures: int = 0
    exact: int = 0
    characters: int = 0
    right: int = 0
    extra: int = 0
    lines: int = 0
    lines_right: int = 0
    lines_but_spaces: int = 0
    cells: int = 0
    cells_right: int = 0
    filled: int = 0
    filled_right: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: "Score") -> "Score":
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self

    @property
    def error_rate(self) -> float:
        """Misread, missed and invented characters, per character that is there."""
        return (self.characters - self.right + self.extra) / max(1, self.characters)


def score(truth: Answer, answer: Answer) -> Score:
    """Return the score of one picture.

    Lines are paired in their order, some with none, so that least is wrong, and characters within a pair alike.  A
    cell is right where the same row and column of the table that was read says the same.
    """
    said = answer.text if truth.table is None else answer.text.replace("\t", "")
    lines, read = truth.text.split("\n"), [line for line in said.split("\n") if line]
    found = Score(1, int(lines == read), sum(map(len, lines)), lines=len(lines))
    for line, other in paired(lines, read):
        right, extra = _matches(line, other)
        found.right, found.extra = found.right + right, found.extra + extra
        found.lines_right += bool(line) and line == other
        found.lines_but_spaces += bool(line) and line.replace(" ", "") == "".join(other.split())
    if truth.table is not None:
        table = answer.table or ()
        for i, row in enumerate(truth.table):
            for j, cell in enumerate(row):
                is_right = i < len(table) and j < len(table[i]) and table[i][j] == cell
                found.cells, found.cells_right = found.cells + 1, found.cells_right + is_right
                if cell:
                    found.filled, found.filled_right = found.filled + 1, found.filled_right + is_right
    return found


def paired(lines: list[str], others: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of lines, in order, "" for none, that have the fewest errors together."""
    best: dict[tuple[int, int], tuple[int, list[tuple[str, str]]]] = {(0, 0): (0, [])}
    for i in range(len(lines) + 1):
        for j in range(len(others) + 1):
            line, other = lines[i - 1] if i else "", others[j - 1] if j else ""
            steps = ((i - 1, j - 1), (line, other)), ((i - 1, j), (line, "")), ((i, j - 1), ("", other))
            choices = [_with(*best[before], pair) for before, pair in steps if before in best]
            if choices:
                best[i, j] = min(choices, key=lambda choice: choice[0])
    return best[len(lines), len(others)][1]


def _with(errors: int, pairs: list[tuple[str, str]], pair: tuple[str, str]) -> tuple[int, list[tuple[str, str]]]:
    right, extra = _matches(*pair)
    return errors + len(pair[0]) - right + extra, [*pairs, pair]


def _matches(line: str, other: str) -> tuple[int, int]:
    """Return how many signs of `line` are in `other`, and how many of `other` are too many.

    It is for the alignment of fewest errors (Levenshtein 1966), of those the one with most matches.
    """
    row = [(j, 0, j) for j in range(len(other) + 1)]  # errors, minus matches, too many
    for i, sign in enumerate(line, start=1):
        before, row = row, [(i, 0, 0)]
        for j, mark in enumerate(other, start=1):
            same, (e, m, x) = sign == mark, before[j - 1]
            up, left = before[j], row[j - 1]
            row.append(
                min((e + (not same), m - same, x), (up[0] + 1, up[1], up[2]), (left[0] + 1, left[1], left[2] + 1))
            )
    return -row[-1][1], row[-1][2]
