"""Look: how a picture of handwriting looks, one setting a thing that can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from inkgrad.errors import SettingError

Color = tuple[int, int, int]  # red, green, blue in 0..255

RANGES: dict[str, tuple[float, float]] = {
    "height": (12, 400),
    "pen": (0.03, 0.3),
    "slant": (-40, 40),
    "unsteady": (0, 1),
    "gap": (0, 3),
    "touching": (0, 1),
    "faint": (0, 1),
    "grain": (0, 1),
    "rule_width": (0.005, 0.2),
    "rotation": (-180, 180),
    "perspective": (0, 0.3),
    "bend": (0, 0.5),
    "texture": (0, 1),
    "show_through": (0, 1),
    "specks": (0, 20),
    "gradient": (0, 0.9),
    "shadow": (0, 0.9),
    "fold": (0, 0.5),
    "blur": (0, 100),
    "noise": (0, 100),
    "jpeg": (1, 95),
}
MAY_BE_NONE = "pen", "desk", "jpeg"
COLORS = "ink", "paper", "rule", "desk"
PAPERS = "plain", "ruled", "squared"


@dataclass(frozen=True)
class Look:
    """How a picture looks; as it comes, black ink on white paper with nothing special.

    The hand
    height        pixels of a digit, 12 to 400
    pen           width of a stroke as a part of the digit's height, about 0.06 for a ballpen and 0.2 for
                  a felt tip; None leaves it as it was written, about 0.14
    slant         degrees by which the digits lean, positive to the right, beside what they lean themselves
    unsteady      how much digits differ in size (±12 % at 1), slant and height of the baseline, 0 to 1
    gap           between neighbours, in heights of a digit, on average
    touching      the probability that two neighbours touch or overlap a little
    ink           its colour
    faint         how unevenly the ink flows, 0 to 1
    grain         how much of the paper's grain shows in the stroke, as of a pencil or chalk, 0 to 1

    The paper
    paper         its colour
    lines         "plain", "ruled" or "squared"
    rule          the colour of its lines, and of boxes and tables
    rule_width    of these, in heights of a digit
    texture       how rough it looks, 0 to 1
    show_through  how much is seen of the writing on the other side, 0 to 1
    specks        of dirt, in a square as large as a digit
    inverted      light on dark: ink and paper change their colours

    The picture
    rotation      degrees by which the sheet is turned, positive clockwise
    perspective   how much narrower the far side is than the near side, up to 0.3
    bend          of the sheet, in heights of a digit
    desk          the colour of the table on which the sheet lies; None where the paper fills the picture
    gradient      how much darker the dark end of the picture is, 0 to 0.9
    shadow        how dark a shadow of something is, 0 to 0.9
    hard_shadow   whether that shadow has a sharp edge
    fold          how much a fold of the paper differs in lightness, 0 to 0.5
    blur          standard deviation of a Gaussian, in pixels
    noise         standard deviation of the camera's noise, in levels of 255
    jpeg          quality, 1 to 95; None stores the picture as it is

    Raises SettingError when one is out of its range.
    """

    height: float = 40
    pen: float | None = None
    slant: float = 0
    unsteady: float = 0.5
    gap: float = 0.35
    touching: float = 0
    ink: Color = (0, 0, 0)
    faint: float = 0
    grain: float = 0
    paper: Color = (255, 255, 255)
    lines: str = "plain"
    rule: Color = (110, 110, 120)
    rule_width: float = 0.035
    texture: float = 0
    show_through: float = 0
    specks: float = 0
    inverted: bool = False
    rotation: float = 0
    perspective: float = 0
    bend: float = 0
    desk: Color | None = None
    gradient: float = 0
    shadow: float = 0
    hard_shadow: bool = False
    fold: float = 0
    blur: float = 0
    noise: float = 0
    jpeg: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is None and name in MAY_BE_NONE:
                continue
            if not (isinstance(value, Real) and low <= float(value) <= high):  # written so that NaN fails
                raise SettingError(f"Look takes {name} from {low} to {high}, got {value!r}")
        for name in COLORS:
            value = getattr(self, name)
            if not (value is None and name in MAY_BE_NONE) and not _is_color(value):
                raise SettingError(f"Look takes {name} as (red, green, blue), each 0 to 255, got {value!r}")
        if self.lines not in PAPERS:
            raise SettingError(f"Look takes lines {', '.join(PAPERS)}, got {self.lines!r}")

    @staticmethod
    def random(rng: np.random.Generator, origin: str | None = None) -> Look:
        """Return a look as pictures have that come from a "photo", a "scan", a "screen" or a "board".

        Without an origin it is any of them, a photo half of the time.

        Raises SettingError when there is no such origin.
        """
        from lab.synthetic.origins import random_look

        return random_look(rng, origin)


def _is_color(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in value)
