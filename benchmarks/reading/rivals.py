"""Rivals: inkgrad and whatever else is installed, all asked the same way."""

import importlib.util
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from PIL import Image
from scoring import Answer

from inkgrad.errors import PictureError
from inkgrad.models import load

Read = Callable[[np.ndarray, str], Answer]  # (a picture, uint8 (height, width, 3); its kind) -> what it says
DIGITS = "0123456789"
MODES = {"single": "10", "line": "7", "touching": "7", "boxes": "7", "ruled_line": "7"}  # Tesseract's; others are 6


class Missing(Exception):
    """A reader that is not installed."""


def reader(name: str, model: str | None) -> Read:
    """Return a reader by its name, ready to read; inkgrad's with that model, if there is one.

    Raises Missing when it is not installed.
    """
    return _inkgrad(model) if name == "inkgrad" else RIVALS[name]()


def _inkgrad(model: str | None) -> Read:
    try:
        from inkgrad.reader import Reader
    except ImportError as error:
        raise Missing(f"inkgrad's reader: {error}") from None
    ours = Reader(None if model is None else load(model))

    def read(picture: np.ndarray, kind: str) -> Answer:
        try:
            reading = ours.read(picture)
        except PictureError:
            return Answer("")
        return Answer(reading.text, None if reading.table is None else tuple(tuple(row) for row in reading.table))

    return read


def _tesseract() -> Read:
    if shutil.which("tesseract") is None:
        raise Missing("Tesseract is not installed: apt install tesseract-ocr")
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}

    def read(picture: np.ndarray, kind: str) -> Answer:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        mode = MODES.get(kind, "6")
        command = ["tesseract", "stdin", "stdout", "--psm", mode, "-c", f"tessedit_char_whitelist={DIGITS}"]
        done = subprocess.run(command, input=file.getvalue(), capture_output=True, env=environment, check=True)
        return Answer(only_digits(done.stdout.decode().splitlines()))

    return read


def _easyocr() -> Read:
    if importlib.util.find_spec("easyocr") is None:
        raise Missing("EasyOCR is not installed: pip install easyocr")
    import easyocr

    theirs = easyocr.Reader(["en"], gpu=False, verbose=False)
    return lambda picture, kind: Answer(in_lines(theirs.readtext(picture, allowlist=DIGITS)))


def _rapidocr() -> Read:
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        raise Missing("RapidOCR is not installed: pip install rapidocr_onnxruntime")
    from rapidocr_onnxruntime import RapidOCR

    theirs = RapidOCR()
    return lambda picture, kind: Answer(in_lines(theirs(picture[:, :, ::-1])[0] or []))  # it wants BGR


def in_lines(found: Iterable[Any]) -> str:
    """Return the text of pieces (corners, text, ...), those on one line if less than half a height apart."""
    lines: list[list[tuple[float, float, float, str]]] = []  # of left, middle, height, text
    for corners, text, *_ in sorted(found, key=lambda piece: np.mean([y for _, y in piece[0]])):
        x, y = np.array(corners).T
        piece = float(x.min()), float(y.mean()), float(np.ptp(y)), text
        if lines and piece[1] - lines[-1][0][1] < 0.5 * lines[-1][0][2]:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return only_digits("".join(text for *_, text in sorted(line)) for line in lines)


def only_digits(lines: Iterable[str]) -> str:
    """Return lines without what is no digit, and without those that then are empty."""
    kept = ("".join(sign for sign in line if sign in DIGITS) for line in lines)
    return "\n".join(line for line in kept if line)


RIVALS: dict[str, Callable[[], Read]] = {
    "tesseract": _tesseract,
    "easyocr": _easyocr,
    "rapidocr": _rapidocr,
}
NAMES = "inkgrad", *RIVALS
