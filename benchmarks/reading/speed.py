"""How fast pictures are read: a page with 40 digits, the whole command, and single digits by the thousand.

python benchmarks/reading/speed.py
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from inkgrad.data import Examples, mnist
from inkgrad.fast import Fast
from inkgrad.models import load
from inkgrad.reader import Reader

sys.path.append(str(Path(__file__).parents[2]))
from lab.synthetic import Look, write_lines

N_SINGLE = 10_000
WIDTH, HEIGHT = 1300, 925  # 1.2 megapixels


def page(digits: Examples) -> Image.Image:
    """Return a page of 1.2 megapixels with four lines of ten digits, as a photo."""
    written = write_lines([10] * 4, Look(height=60, noise=0.02, gradient=0.2), np.random.default_rng(0), digits)
    picture = Image.fromarray(written.picture)
    paper = Image.new("RGB", (WIDTH, HEIGHT), tuple(written.picture[0, 0].tolist()))
    picture.thumbnail((WIDTH, HEIGHT))
    paper.paste(picture, ((WIDTH - picture.width) // 2, (HEIGHT - picture.height) // 2))
    return paper


def milliseconds(do: object, rounds: int) -> float:
    """Return the median time of a function."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        do()
        times.append(time.perf_counter() - start)
    return 1e3 * median(times)


def main() -> None:
    train = mnist().train
    held_back = Examples(train.x[-10_000:], train.t[-10_000:])
    picture = page(held_back)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jpg"
        picture.save(path, quality=90)
        reader = Reader(replace(load("reader"), engine=Fast(1)))
        found = reader.read(path)
        print(f"page of {picture.width} × {picture.height}, {len(found.digits)} digits found")
        print(f"  one thread, warm: {milliseconds(lambda: reader.read(path), 11):.0f} ms")
        command = [sys.executable, "-m", "inkgrad", "read", path]
        cold = milliseconds(lambda: subprocess.run(command, capture_output=True, check=True), 5)
        print(f"  the whole command: {cold:.0f} ms")
    single = [png(image) for image in held_back.x[:N_SINGLE, :, :, 0]]
    right = held_back.t[:N_SINGLE]
    for workers in 1, os.cpu_count() or 1:
        start = time.perf_counter()
        texts = [reading.text for reading in reader.read_many(single, workers=workers)]
        rate = len(single) / (time.perf_counter() - start)
        accuracy = np.mean([text == str(digit) for text, digit in zip(texts, right, strict=True)])
        print(f"{len(single)} single digits, {workers} processes: {rate:.0f} a second, {accuracy:.2%} read right")


def png(image: np.ndarray) -> bytes:
    """Return an image as the bytes of a PNG file, black on white."""
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    main()
