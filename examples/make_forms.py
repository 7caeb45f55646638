"""Make twenty filled-in forms as a scanner and a phone see them, and one that is not filled in, to try `--form` on.

python -m examples.make_forms FOLDER
"""

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from inkgrad.data import mnist
from lab.synthetic.filled_forms import FIELDS, blank_form, fill_form

WAYS = [*["scan", "photo"] * 9, "scan", "upside down"]

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m examples.make_forms FOLDER: say where the forms go")
    folder = Path(sys.argv[1])
    (folder / "scans").mkdir(parents=True, exist_ok=True)
    Image.fromarray(blank_form()).save(folder / "sample.png")
    with open(folder / "truth.csv", "w", newline="") as file:
        truth = csv.writer(file)
        truth.writerow(["page", *(field.name for field in FIELDS)])
        for number, way in enumerate(WAYS, start=1):
            filled = fill_form(way, np.random.default_rng([20, number]), mnist().test)
            name = f"scans/{number:02}.jpg"
            Image.fromarray(filled.picture).save(folder / name, quality=90)
            truth.writerow([name, *filled.truth.values()])
    print(f"{len(WAYS)} forms are in {folder / 'scans'}, and what they say in {folder / 'truth.csv'}")
