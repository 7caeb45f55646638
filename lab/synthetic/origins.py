"""Origins: looks as pictures have them that come from a camera, a scanner, a screen or a board."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from inkgrad.errors import SettingError
from lab.synthetic.look import Color, Look

BLUE, BLACK, PENCIL, RED, GREEN = (30, 50, 140), (25, 25, 30), (95, 95, 100), (180, 30, 40), (25, 110, 60)
WHITE, GREY, YELLOWISH, RECYCLED = (248, 248, 246), (222, 224, 226), (245, 236, 208), (214, 206, 190)
RULES = (150, 180, 215), (175, 178, 185), (130, 130, 138), (205, 150, 150), (140, 185, 160)  # of paper
PRINT = (35, 35, 40), (35, 35, 40), (95, 95, 100), (70, 105, 175), (185, 85, 85), (70, 135, 100)  # of forms
DESKS = (92, 62, 40), (60, 62, 66), (150, 120, 90), (185, 185, 190)
BOARDS = (30, 62, 48), (28, 30, 33), (40, 58, 80)
CHALKS = (240, 240, 235), (250, 235, 150), (250, 205, 205), (190, 220, 245)
SHARES = {"photo": 0.5, "scan": 0.25, "screen": 0.15, "board": 0.1}


def random_look(rng: np.random.Generator, origin: str | None) -> Look:
    """Return a look of that origin, or of any."""
    if origin is None:
        origin = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    makers = {"photo": _photo, "scan": _scan, "screen": _screen, "board": _board}
    if origin not in makers:
        raise SettingError(f"pictures come from {', '.join(makers)}, got {origin!r}")
    return legible(Look(**_hand(rng), **makers[origin](rng)))


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
