"""Line eye: what the recogniser of lines says of strips of ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import CTC
from inkgrad.decoding import Decoded, align, beam_search, best_path
from inkgrad.errors import SettingError
from inkgrad.models import Model
from inkgrad.pictures.line_form import LINE_HEIGHT_PX, ink_level, line_form
from inkgrad.pictures.pieces import Piece
from inkgrad.reader.eye import DIGITS
from inkgrad.reader.pattern import Pattern
from inkgrad.reader.seen import Seen
from inkgrad.reader.strips import Strip

SPACE = " "


@dataclass(frozen=True)
class LineSettings:
    """How strips are looked at, and what is said of them.

    step_px   the width of a strip in its form is brought up to a multiple of this with paper
    most_px   the width of all strips that the network looks at together, for the memory that they take
    sure      probability of a frame; a line that has a less sure one is searched, not only followed
    width     labellings that the search keeps
    widest    times the height of the writing; a character's ink is not farther from its middle than half of this
    inked     share of the level of a strip's ink; what has more belongs to a character's box
    """

    step_px: int = 8
    most_px: int = 8192
    sure: float = 0.9
    width: int = 4
    widest: float = 1.8
    inked: float = 0.4


@dataclass(frozen=True, eq=False)
class Said:
    """What a row says: its characters from left to right, and how probable it is that it says this, in [0, 1].

    `silence` (n, 2) has the column of the scan where each frame is, and the probability that nothing stands there.
    """

    characters: list[Seen]
    probability: float
    silence: NDArray = field(default_factory=lambda: np.zeros((0, 2)))

    def silent(self, left: int, right: int) -> float:
        """Return the probability that nothing stands between two columns: the least of the frames there."""
        columns, p = self.silence.T
        return float(p[(left <= columns) & (columns < right)].min(initial=1.0)) if len(p) else 0.0


class LineEye:
    """Looks at strips with a model that reads lines, and knows the labels "0" to "9", and maybe marks and a space.

    The probability of a character is the largest that its class has in one of its frames.  Of 1,000 made lines of
    digits that were held back it had a calibration error of 0.65 % of characters, and that of whole lines 3.9 %.

    With a pattern, it is what a row says that the pattern accepts; where there is none, anything.

    Raises SettingError for a model that does not, or takes lines of another height than 32 pixels.
    """

    def __init__(self, model: Model, pattern: Pattern | None = None, settings: LineSettings = LineSettings()) -> None:
        missing = [digit for digit in DIGITS if digit not in model.labels]
        if not isinstance(model.cost, CTC) or missing or model.input_shape[::2] != (LINE_HEIGHT_PX, 1):
            raise SettingError(
                f'the rows of a picture need a model that reads lines {LINE_HEIGHT_PX} pixels high with labels "0" to '
                f'"9", got one for {model.input_shape} with {model.cost} and labels {", ".join(model.labels)}',
                setting="line_model",
            )
        self.model, self.blank, self.settings = model, model.cost.blank, settings
        self.spaces = [k for k, label in enumerate(model.labels) if label == SPACE]
        self.labels = tuple(
            "" if k == self.blank or k in self.spaces else label for k, label in enumerate(model.labels)
        )
        self.pattern = pattern
        self.automaton = None if pattern is None else pattern.automaton(self.labels)

    def accepts(self, characters: Sequence[Seen]) -> bool:
        """Return whether a row may say this: what is expected, where no sign need be seen."""
        return self.pattern is None or self.pattern.written("".join(each.label for each in characters)) is not None

    def read(self, rows: Sequence[list[Strip]], expected: Sequence[bool] | None = None) -> list[Said]:
        """Return what rows say, each in strips from left to right; all are looked at together.

        `expected` tells of which rows the pattern is, of all unless told; it is not that of one of several strips.
        """
        expected = [True] * len(rows) if expected is None else expected
        logs = iter(self.look([strip.ink for row in rows for strip in row]))
        return [
            _joined([self._said(strip, next(logs), is_expected and len(row) == 1) for strip in row])
            for row, is_expected in zip(rows, expected, strict=True)
        ]

    def look(self, strips: Sequence[NDArray]) -> list[NDArray]:
        """Return log_q (T, K) of each strip of ink (height, width): how probable each class is at each frame.

        Strips of one width are looked at together.  What stands beside a strip makes no difference to it.
        """
        lines = [line_form(ink) for ink in strips]
        found: list[NDArray] = [np.zeros((0, len(self.labels)))] * len(lines)
        order = sorted(range(len(lines)), key=lambda k: self._padded_px(lines[k]))
        for width, group in groupby(order, key=lambda k: self._padded_px(lines[k])):
            alike = list(group)
            most = max(1, self.settings.most_px // width)
            for first in range(0, len(alike), most):
                some = alike[first : first + most]
                x = np.zeros((len(some), LINE_HEIGHT_PX, width), np.float32)
                for image, k in zip(x, some, strict=True):
                    image[:, : lines[k].shape[1]] = lines[k]
                q = self.model.probabilities(x)
                for each, k in zip(q, some, strict=True):
                    n_frames = -(-lines[k].shape[1] * q.shape[1] // width)
                    with np.errstate(divide="ignore"):  # log 0 is -inf, as it should be
                        found[k] = np.log(each[:n_frames].astype(np.float64))
        return found

    def _padded_px(self, line: NDArray) -> int:
        """Return how wide the network sees a line."""
        return self.settings.step_px * -(-line.shape[1] // self.settings.step_px)

    def _said(self, strip: Strip, log_q: NDArray, is_expected: bool) -> Said:
        """Return what a strip says.  A space is no character of it, but a gap before the next."""
        in_gap = np.exp(log_q[:, self.spaces]).sum(axis=1)
        unspaced = log_q.copy()
        unspaced[:, self.blank] = np.logaddexp.reduce(log_q[:, [self.blank, *self.spaces]], axis=1)
        unspaced[:, self.spaces] = -np.inf
        found = self._decoded(unspaced, is_expected)
        classes, frames = found.labelling, align(unspaced, found.labelling, self.blank).frames
        peaks = [start + int(log_q[start:stop, k].argmax()) for (start, stop), k in zip(frames, classes, strict=True)]
        a_frame = strip.ink.shape[1] / len(log_q)  # in pixels of the strip
        pieces = _pieces(strip, [(peak + 0.5) * a_frame for peak in peaks], self.settings)
        characters: list[Seen] = []
        for k, peak, before, piece in zip(classes, peaks, [None, *peaks], pieces, strict=False):
            p = {label: float(np.exp(log_q[peak, k])) for k, label in enumerate(self.labels) if label}
            gap = SPACE if before is not None and in_gap[before:peak].max() > 0.5 else ""
            characters.append(Seen(piece, self.labels[k], p, gap=gap))
        columns = strip.left + (np.arange(len(log_q)) + 0.5) * a_frame
        silence = np.stack([columns, np.exp(unspaced[:, self.blank])], axis=1)
        return Said(characters, float(np.exp(found.log_p)), silence)

    def _decoded(self, log_q: NDArray, is_expected: bool) -> Decoded:
        """Return the most probable labelling; where none is expected that the line can say, any."""
        if self.automaton is not None and is_expected:
            found = beam_search(log_q, self.blank, self.settings.width, self.automaton)
            if found:
                return found[0]
        if np.exp(log_q.max(axis=1)).min() >= self.settings.sure:
            return best_path(log_q, self.blank)
        return beam_search(log_q, self.blank, self.settings.width)[0]


def _pieces(strip: Strip, middles: list[float], settings: LineSettings) -> list[Piece]:
    """Return the ink of each character of a strip, for where its middle is about, in pixels of the strip.

    Between two middles the ink is parted where a column has least of it.
    """
    if not middles:
        return []
    width = strip.ink.shape[1]
    least, reach = settings.inked * ink_level(strip.ink), settings.widest * strip.high / 2
    columns = strip.ink.sum(axis=0)
    cuts = []
    for left, right in pairwise(middles):
        start, stop = int(left), max(int(left) + 1, int(np.ceil(right)))
        far = np.abs(np.arange(start, stop) - (left + right) / 2) / (stop - start)
        cuts.append(start + int((columns[start:stop] + 0.01 * strip.high * far).argmin()))
    pieces = []
    for middle, before, after in zip(middles, [0, *cuts], [*cuts, width], strict=True):
        start, stop = max(before, int(middle - reach)), min(after, int(middle + reach) + 1)
        pieces.append(strip.piece(start, max(stop, start + 1), least))
    return pieces


def _joined(parts: list[Said]) -> Said:
    """Return what the parts of a row say, with a space between them."""
    characters: list[Seen] = []
    for part in parts:
        apart = [replace(seen, gap=SPACE) for seen in part.characters[:1]] if characters else part.characters[:1]
        characters += [*apart, *part.characters[1:]]
    silence = np.concatenate([np.zeros((0, 2)), *(part.silence for part in parts)])
    return Said(characters, float(np.prod([part.probability for part in parts])), silence)
