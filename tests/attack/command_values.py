"""Command lines: options with values that make no sense, files that are something else."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from attack.broken_files import small_model
from attack.swarm import LONGEST_MESSAGE, Attack, Finding
from attack.tiny import write_digits

VALUES = [
    "0", "-1", "1", "2", "0.5", "nan", "inf", "-inf", "1e400", "9223372036854775807", "9223372036854775808", "9" * 400,
    "", " ", "x", "é", "\ud800", "two\nlines", "/dev/null", "/dev/full", "/", ".",
    "nothing/here", "a" * 300, "--help", "-", "0x10",
    "1_000", "true", "seed", "cnn", r"\d{5}", "[", "*" * 50, "random",
    "tiny.onnx", "tiny.json", "tiny.safetensors", "data",
]  # fmt: skip
LINES = [
    "train --model seed --data data --epochs 1 --batch-size 20 --lr 0.1 --momentum 0.5 --seed 1 --threads 1"
    " --out out.safetensors",
    "train --data data --resume --out out.safetensors",
    "evaluate model.safetensors --data data",
    "export model.safetensors --out tiny.onnx",
    "sweep plan.toml --data data --out best.safetensors --trials 1 --threads 1",
    "read page.png --model model.safetensors --expect x --threshold 0.5 --format json --workers 1",
    "plot curves out.log.jsonl --out curves.png",
    "serve --host x --port 70000 --visitors 0 --no-browser",
    "show model.safetensors",
]  # each of them ends soon, whatever stands in the place of a word
LIKE = ("--epochs", "--trials")  # takes these values only, as others may rightly take days
FEW = ["0", "-1", "1", "x", "", "nan", "1.5"]


def prepare(folder: Path) -> Path:
    """Put files of all kinds into a folder, and go there."""
    from PIL import Image

    write_digits(folder / "data")
    small_model().save(folder / "model.safetensors")
    (folder / "plan.toml").write_text('model = "seed"\nepochs = 1\n[space]\nlr = [0.1]\n')
    Image.new("L", (60, 40), 255).save(folder / "page.png")
    return folder


def words_like(rng: Random, line: str) -> list[str]:
    """Return a command line with a few words changed, left out or doubled."""
    words = line.split()
    for _ in range(rng.randint(1, 2)):
        at, way = rng.randrange(1, len(words)), rng.randrange(6)
        if way <= 3:
            words[at] = rng.choice(FEW if words[at - 1] in LIKE else VALUES)
        elif way == 4 and words[at - 1] not in LIKE and words[0] != "serve":
            del words[at]
        elif words[at] not in LIKE:
            words.insert(at, words[at])
        if len(words) == 1:
            break
    if words[0] == "train" and "--resume" not in words:
        words += ["--epochs", rng.choice(FEW)]  # and not days
    if words[0] == "serve":
        words += ["--visitors", "0"]  # it must never begin
    return [word.replace("\0", "") for word in words]


def strike(rng: Random, folder: Path) -> Counter[str]:
    """Run a command line in this process, as in one of its own."""
    from inkgrad.cli import main

    words = words_like(rng, rng.choice(LINES))
    printed, said = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    here, before = os.getcwd(), sys.argv
    os.chdir(folder)
    sys.argv = ["inkgrad", *words]
    status: Any = 0
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            main()
    except SystemExit as end:
        status = end.code
    except Exception as error:
        raise Finding(f"{words} raised {error!r:.200}") from error
    finally:
        sys.argv = before
        os.chdir(here)
    said.flush()
    _refuse_bad_end(words, status, said.buffer.getvalue().decode(errors="replace"))
    return Counter({"inputs": 1, f"ended with {status}": 1})


def _refuse_bad_end(words: list[str], status: object, said: str) -> None:
    if status not in (0, 1, 2):
        raise Finding(f"{words} ended with {status}")
    if "Traceback" in said:
        raise Finding(f"{words} gave a traceback: {said[-300:]}")
    blamed = [line for line in said.splitlines() if line.startswith("inkgrad: ")]
    if status == 2 and (not blamed or len(blamed[-1]) > LONGEST_MESSAGE):
        raise Finding(f"{words} ended with 2 and said {said[-300:]!r}")


def attacks() -> list[Attack]:
    """Return the attack by command lines."""
    return [Attack("command", prepare, strike, seconds=60)]
