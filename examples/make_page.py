"""Make page.jpg, a photo of digits on ruled paper as a phone would take it, to try `inkgrad read` on.

python -m examples.make_page
"""

from pathlib import Path

import numpy as np
from PIL import Image

from inkgrad.data import mnist
from lab.synthetic import Look, write_ruled

LOOK = Look(
    height=58,
    ink=(36, 52, 120),
    paper=(236, 229, 212),
    rotation=1.5,
    perspective=0.02,
    shadow=0.35,
    gradient=0.2,
    noise=5,
    blur=0.6,
    slant=5,
)


if __name__ == "__main__":
    page = write_ruled([8, 5, 7, 8, 6], LOOK, np.random.default_rng(1), mnist().test)
    Image.fromarray(page.picture).save(Path(__file__).parent / "page.jpg", quality=88)
    print(page.text)
