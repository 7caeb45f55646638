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

# (a picture, uint8 (height, width, 3); its kind; whether that kind has marks) -> what it says
Read = Callable[[np.ndarray, str, bool], Answer]
DIGITS, MARKS = "0123456789", ".,-/:=+()*#"
LINE_KINDS = "line", "touching", "boxes", "ruled_line", "amounts", "printed"
MODES = {"single": "10", **dict.fromkeys(LINE_KINDS, "7")}  # Tesseract's; others are 6


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

    def read(picture: np.ndarray, kind: str, marks: bool) -> Answer:
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

    def read(picture: np.ndarray, kind: str, marks: bool) -> Answer:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        mode = MODES.get(kind, "6")
        command = ["tesseract", "stdin", "stdout", "--psm", mode]
        command += ["-c", f"tessedit_char_whitelist={DIGITS + MARKS if marks else DIGITS}"]
        done = subprocess.run(command, input=file.getvalue(), capture_output=True, env=environment, check=True)
        return Answer(known(done.stdout.decode().splitlines(), marks))

    return read


def _easyocr() -> Read:
    if importlib.util.find_spec("easyocr") is None:
        raise Missing("EasyOCR is not installed: pip install easyocr")
    import easyocr

    theirs = easyocr.Reader(["en"], gpu=False, verbose=False)
    return lambda picture, kind, marks: Answer(
        in_lines(theirs.readtext(picture, allowlist=DIGITS + MARKS if marks else DIGITS), marks)
    )


def _rapidocr() -> Read:
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        raise Missing("RapidOCR is not installed: pip install rapidocr_onnxruntime")
    from rapidocr_onnxruntime import RapidOCR

    theirs = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    return lambda picture, kind, marks: Answer(in_lines(theirs(picture[:, :, ::-1])[0] or [], marks))  # it wants BGR


def in_lines(found: Iterable[Any], marks: bool) -> str:
    """Return the text of pieces (corners, text, ...), those on one line if less than half a height apart."""
    lines: list[list[tuple[float, float, float, str]]] = []  # of left, middle, height, text
    for corners, text, *_ in sorted(found, key=lambda piece: np.mean([y for _, y in piece[0]])):
        x, y = np.array(corners).T
        piece = float(x.min()), float(y.mean()), float(np.ptp(y)), text
        if lines and piece[1] - lines[-1][0][1] < 0.5 * lines[-1][0][2]:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return known((" ".join(text for *_, text in sorted(line)) for line in lines), marks)


def known(lines: Iterable[str], marks: bool) -> str:
    """Return lines with their digits alone, or with marks and single spaces too; words and empty lines are left out.

    With marks, a word is what has a letter and no digit.
    """
    if not marks:
        kept = ("".join(sign for sign in line if sign in DIGITS) for line in lines)
    else:
        kept = (" ".join(_without_letters(word) for word in line.split() if not _is_word(word)) for line in lines)
    return "\n".join(" ".join(line.split()) for line in kept if line.strip())


def _is_word(word: str) -> bool:
    return any(sign.isalpha() for sign in word) and not any(sign in DIGITS for sign in word)


def _without_letters(word: str) -> str:
    return "".join(sign for sign in word if sign in DIGITS + MARKS)


RIVALS: dict[str, Callable[[], Read]] = {
    "tesseract": _tesseract,
    "easyocr": _easyocr,
    "rapidocr": _rapidocr,
}
NAMES = "inkgrad", *RIVALS
