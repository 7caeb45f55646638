"""Formulas: TeX, which pymdownx.arithmatex has found between dollars, becomes MathML, which needs no script."""

from __future__ import annotations

import re
from html import unescape
from importlib.resources import as_file, files
from pathlib import Path

from fontTools import subset
from latex2mathml.converter import convert

FONT = files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"
"""STIX Two Math, under the SIL Open Font License, which it carries along."""

RADICAL = 0x221A
"""What browsers draw a root with, which no page writes."""

ITALIC = {0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)}
"""The letters that browsers show for single ones, Latin and Greek; of all italics h alone has a place elsewhere."""

MATH = re.compile(r"<math.*?</math>", re.DOTALL)
TEX = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def with_mathml(html: str) -> str:
    """Return a page with its formulas as MathML.

    What stands side by side, \\qquad apart, may stand one below the other where a screen is narrow.
    """
    return TEX.sub(_mathml, html)


def _mathml(found: re.Match[str]) -> str:
    tex = unescape(found[2]).strip()
    if found[1] == "span":
        return convert(tex)
    parts = "".join(convert(part.strip(), display="block") for part in tex.split(r"\qquad") if part.strip())
    return f'<div class="equation" tabindex="0">{parts}</div>'


def write_font(site: Path) -> None:
    """Write, into a built site, the part of the font that its formulas need: 1.5 MB become some 100 kB."""
    pages = (page.read_text() for page in site.rglob("*.html"))
    used = {character for page in pages for math in MATH.findall(page) for character in unescape(math)}
    options = subset.Options(flavor="woff", layout_features=["*"], name_IDs=["*"])
    path = site / "fonts" / "STIXTwoMath.woff"
    path.parent.mkdir(exist_ok=True)
    with as_file(FONT) as whole:
        font = subset.load_font(str(whole), options)
    part = subset.Subsetter(options)
    part.populate(unicodes={*map(ord, used), RADICAL, *ITALIC})
    part.subset(font)
    subset.save_font(font, str(path), options)
