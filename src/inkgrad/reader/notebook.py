"""A reading in a notebook: the text, the table, and the digits as the network saw them."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

from inkgrad.arrays import Array
from inkgrad.html import BAD, Html, as_html, table
from inkgrad.reader.reading import UNSURE, Digit, Line, Reading

MOST_DIGITS = 300  # pictures of them take half a kilobyte each


def reading_in_html(reading: Reading) -> Html:
    """Return a reading as HTML, which fetches nothing: the pictures are inside."""
    if reading.error:
        return Html(f"<div>not read: {as_html(reading.error)}</div>")
    width, height = reading.size
    n = len(reading.digits)
    sure = f", the weakest {reading.probability:.1%} sure" if n else ""
    about = f"{n} digit{'s' * (n != 1)} in {len(reading.lines)} line{'s' * (len(reading.lines) != 1)}{sure}"
    parts = [f"<div>{about}; picture of {width} × {height} pixels</div>"]
    left = MOST_DIGITS
    for line in reading.lines:
        parts.append(_line(line, left))
        left = max(left - len(line), 0)
    if reading.table:
        columns = max(map(len, reading.table))
        rows = [[*row, *[""] * (columns - len(row))] for row in reading.table]
        parts.append(table([str(k) for k in range(columns)], rows, "table", n_texts=0))
    return Html("".join(parts))


def _line(line: Line, most: int) -> str:
    digits = "".join(_digit(digit) for digit in line.digits[:most])
    text = f'<code style="font-size:1.2em">{as_html(line.text)}</code>'
    return f'<div style="margin:.5em 0">{text}<div style="display:flex;flex-wrap:wrap;gap:.3em">{digits}</div></div>'


def _digit(digit: Digit) -> str:
    """Return a digit's picture with its label and probability below; the next best are told on hovering."""
    ranks = ((digit.best, digit.probability), *digit.others)
    hint = as_html(", ".join(f"{label} {probability:.1%}" for label, probability in ranks))
    rim = f"2px solid {BAD}" if digit.label == UNSURE else "1px solid rgba(128,128,128,.4)"
    return (
        f'<figure title="{hint}" style="margin:0;text-align:center;font-size:.8em;line-height:1.3">'
        f'<img alt="{as_html(digit.best)}" width="40" height="40" src="{_as_data(digit.image)}" '
        f'style="border:{rim};image-rendering:pixelated">'
        f"<figcaption><b>{as_html(digit.label)}</b><br>{digit.probability:.1%}</figcaption></figure>"
    )


def _as_data(image: Array) -> str:
    """Return an image, uint8 with 0 for paper, as the address of a PNG picture that is in the address itself."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(255 - image).save(file, format="PNG")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
