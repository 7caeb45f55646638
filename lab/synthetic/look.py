"""Look: how a picture of handwriting looks, one setting a thing that can go wrong; and looks drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

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

BLUE, BLACK, PENCIL, RED, GREEN = (30, 50, 140), (25, 25, 30), (95, 95, 100), (180, 30, 40), (25, 110, 60)
WHITE, GREY, YELLOWISH, RECYCLED = (248, 248, 246), (222, 224, 226), (245, 236, 208), (214, 206, 190)
RULES = (150, 180, 215), (175, 178, 185), (130, 130, 138), (205, 150, 150), (140, 185, 160)  # of paper
PRINT = (35, 35, 40), (35, 35, 40), (95, 95, 100), (70, 105, 175), (185, 85, 85), (70, 135, 100)  # of forms
DESKS = (92, 62, 40), (60, 62, 66), (150, 120, 90), (185, 185, 190)
BOARDS = (30, 62, 48), (28, 30, 33), (40, 58, 80)
CHALKS = (240, 240, 235), (250, 235, 150), (250, 205, 205), (190, 220, 245)
SHARES = {"photo": 0.5, "scan": 0.25, "screen": 0.15, "board": 0.1}


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
        if origin is None:
            origin = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        makers = {"photo": _photo, "scan": _scan, "screen": _screen, "board": _board}
        if origin not in makers:
            raise SettingError(f"pictures come from {', '.join(makers)}, got {origin!r}")
        return legible(Look(**_hand(rng), **makers[origin](rng)))


def _is_color(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in value)


def legible(look: Look, height: float | None = None) -> Look:
    """Return a look with digits of that height, its strokes so wide and the picture so sharp that they can be read."""
    height = look.height if height is None else height
    pen = None if look.pen is None else max(look.pen, 1.4 / height)
    return replace(look, height=height, pen=pen, blur=min(look.blur, 0.035 * height))


def printed(look: Look, rng: np.random.Generator) -> Look:
    """Return a look with the lines of a printed form."""
    return replace(look, rule=_near(PRINT, rng, 12), rule_width=float(rng.uniform(0.02, 0.08)))


def _hand(rng: np.random.Generator) -> dict[str, Any]:
    height = float(np.exp(rng.uniform(np.log(18), np.log(90))))
    return {
        "height": height,
        "slant": float(np.clip(rng.normal(4, 7), -15, 20)),
        "unsteady": float(rng.uniform(0.3, 1)),
        "gap": float(rng.uniform(0.12, 0.7)),
        "rule_width": float(rng.uniform(0.015, 0.04)),
    }


def _photo(rng: np.random.Generator) -> dict[str, Any]:
    return {
        **_ink_on_paper(rng),
        "texture": float(rng.uniform(0.1, 0.8)),
        "rotation": float(np.clip(rng.normal(0, 2), -5, 5)),
        "perspective": float(rng.uniform(0, 0.1)),
        "bend": float(rng.uniform(0, 0.1)) if rng.random() < 0.5 else 0.0,
        "gradient": float(rng.uniform(0, 0.45)),
        "shadow": float(rng.uniform(0.15, 0.5)) if rng.random() < 0.35 else 0.0,
        "hard_shadow": bool(rng.random() < 0.4),
        "fold": float(rng.uniform(0.05, 0.2)) if rng.random() < 0.15 else 0.0,
        "show_through": float(rng.uniform(0.2, 0.6)) if rng.random() < 0.15 else 0.0,
        "specks": float(rng.uniform(0, 0.2)) if rng.random() < 0.3 else 0.0,
        "blur": float(rng.uniform(0.3, 1)),
        "noise": float(rng.uniform(0.5, 6)),
        "jpeg": int(rng.integers(50, 95)),
    }


def _scan(rng: np.random.Generator) -> dict[str, Any]:
    return {
        **_ink_on_paper(rng),
        "texture": float(rng.uniform(0, 0.3)),
        "rotation": float(rng.normal(0, 0.6)),
        "show_through": float(rng.uniform(0.2, 0.6)) if rng.random() < 0.25 else 0.0,
        "specks": float(rng.uniform(0, 0.5)) if rng.random() < 0.4 else 0.0,
        "blur": float(rng.uniform(0, 0.7)),
        "noise": float(rng.uniform(0, 3)),
        "jpeg": int(rng.integers(40, 95)) if rng.random() < 0.7 else None,
    }


def _screen(rng: np.random.Generator) -> dict[str, Any]:
    """Return the look of what a finger or a mouse drew: clean, thick, of any colour, often light on dark."""
    hue = tuple(int(v) for v in rng.integers(0, 150, 3))
    return {
        "ink": (0, 0, 0) if rng.random() < 0.6 else hue,
        "paper": (255, 255, 255),
        "pen": float(rng.uniform(0.06, 0.2)),
        "inverted": bool(rng.random() < 0.4),
        "jpeg": int(rng.integers(60, 95)) if rng.random() < 0.4 else None,
    }


def _board(rng: np.random.Generator) -> dict[str, Any]:
    """Return the look of chalk on a board."""
    return {
        "ink": _near(BOARDS, rng, 6),
        "paper": _near(CHALKS, rng, 5),
        "rule": (170, 170, 165),
        "inverted": True,
        "pen": float(rng.uniform(0.07, 0.15)),
        "grain": float(rng.uniform(0.2, 0.7)),
        "faint": float(rng.uniform(0, 0.4)),
        "texture": float(rng.uniform(0.3, 1)),
        "rotation": float(rng.normal(0, 1.5)),
        "perspective": float(rng.uniform(0, 0.1)),
        "gradient": float(rng.uniform(0, 0.4)),
        "blur": float(rng.uniform(0.3, 1)),
        "noise": float(rng.uniform(0.5, 5)),
        "jpeg": int(rng.integers(50, 95)),
    }


def _ink_on_paper(rng: np.random.Generator) -> dict[str, Any]:
    """Return a pen and its paper: a ballpen, a felt tip, or a pencil."""
    pen = rng.choice(["ballpen", "felt", "pencil"], p=[0.6, 0.2, 0.2])
    inks = (PENCIL,) if pen == "pencil" else (BLUE, BLUE, BLACK, BLACK, RED, GREEN)
    return {
        "pen": float(rng.uniform(0.11, 0.2) if pen == "felt" else rng.uniform(0.05, 0.11)),
        "ink": _near(inks, rng, 18),
        "paper": _near((WHITE, WHITE, GREY, YELLOWISH, RECYCLED), rng, 7),
        "rule": _near(RULES, rng, 12),
        "faint": float(rng.uniform(0, 0.2 if pen == "pencil" else 0.5)),
        "grain": float(rng.uniform(0.2, 0.5)) if pen == "pencil" else 0.0,
    }


def _near(colors: tuple[Color, ...], rng: np.random.Generator, spread: float) -> Color:
    """Return one of the colours, changed a little."""
    r, g, b = (int(v) for v in np.clip(colors[rng.integers(len(colors))] + rng.normal(0, spread, 3), 0, 255))
    return r, g, b
