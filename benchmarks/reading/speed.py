"""How fast pictures are read: a page with 40 digits, the whole command, cheques, a large scan, and single digits.

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
from lab.synthetic import FormField, Look, write_amount, write_lines, write_table

N_SINGLE = 10_000
N_CHEQUES = 20
SCAN_ROWS, SCAN_COLUMNS, SCAN_PIXELS = 46, 25, 35_000_000
WIDTH, HEIGHT = 1300, 925  # 1.2 megapixels


def page(digits: Examples) -> Image.Image:
    """Return a page of 1.2 megapixels with four lines of ten digits, as a photo."""
    written = write_lines([10] * 4, Look(height=60, noise=0.02, gradient=0.2), np.random.default_rng(0), digits)
    picture = Image.fromarray(written.picture)
    paper = Image.new("RGB", (WIDTH, HEIGHT), tuple(written.picture[0, 0].tolist()))
    picture.thumbnail((WIDTH, HEIGHT))
    paper.paste(picture, ((WIDTH - picture.width) // 2, (HEIGHT - picture.height) // 2))
    return paper


def cheques(digits: Examples) -> list[np.ndarray]:
    """Return pictures of amounts in the fields of cheques, as photos."""
    field, look = FormField("cheque", guilloche=True, pale=True), Look(height=40, pen=0.08, noise=2, blur=0.6)
    rngs = map(np.random.default_rng, range(N_CHEQUES))
    return [write_amount(f"{rng.integers(10**3, 10**5) / 100:.2f}", field, look, rng, digits).picture for rng in rngs]


def scan(digits: Examples) -> np.ndarray:
    """Return a scan of 35 megapixels with a table of 1,150 cells."""
    table = write_table(SCAN_ROWS, SCAN_COLUMNS, Look(height=60), np.random.default_rng(0), digits).picture
    larger = (SCAN_PIXELS / (table.shape[0] * table.shape[1])) ** 0.5
    picture = Image.fromarray(table)
    return np.asarray(picture.resize((round(larger * picture.width), round(larger * picture.height))))


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
    lines = cheques(held_back)
    each = milliseconds(lambda: [reader.read(line) for line in lines], 3) / len(lines)
    print(f"the amount of a cheque, one thread, warm: {each:.1f} ms")
    large = scan(held_back)
    found = reader.read(large)
    size = f"{large.shape[0] * large.shape[1] / 1e6:.0f} megapixels"
    n_cells = sum(map(len, found.table or ()))
    print(f"scan of {size}, {n_cells} cells found, one thread: {milliseconds(lambda: reader.read(large), 3):.0f} ms")
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
