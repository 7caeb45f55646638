"""Chapter 10: from a photo of a page to 28 × 28 pixels, and back to text."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import inkgrad
from inkgrad.plots import save_png
from inkgrad.reader import Reader, draw_boxes

page = Image.open(Path(__file__).parent.parent / "page.jpg")
reading = Reader().read(page)
print(f"{page.width} × {page.height} pixels, {len(reading.digits)} digits in {len(reading.lines)} lines:")
print(reading.text)


def digit_form(grey):
    """Return ink as MNIST has it: 20 pixels long, its centre of mass at pixel 14 of 28."""
    paper = np.median(grey)
    ink = np.clip(1.5 * (paper - grey) / paper, 0, 1)
    ink[ink < 0.4] = 0
    scale = 20 / max(ink.shape)
    size = [max(1, round(side * scale)) for side in reversed(ink.shape)]
    small = np.asarray(Image.fromarray(np.uint8(255 * ink)).resize(size, Image.Resampling.BOX))
    rows, columns = np.indices(small.shape)
    top, left = (round(14 - np.average(places, weights=small)) for places in (rows, columns))
    form = np.zeros((28, 28), np.uint8)
    form[top : top + small.shape[0], left : left + small.shape[1]] = small
    return form


grey, network = np.asarray(page.convert("L"), float), inkgrad.load("cnn")
line = reading.lines[1]
boxes = [digit.box for digit in line]
own = np.stack([digit_form(grey[top:bottom, left:right]) for left, top, right, bottom in boxes])
print("by hand, the second line:", *network.predict(own))


def n_missing(picture):
    """Return how many of the page's lines are not read as before."""
    return len(set(reading.text.split()) - set(Reader().read(picture).text.split()))


print("lines misread when the page is")
grey_paper = {"expand": True, "fillcolor": (200, 200, 200)}
print("  turned by 10 degrees:", n_missing(page.rotate(10, **grey_paper)))
print("  upside down:         ", n_missing(page.rotate(180)))
for factor in 3, 6:
    print(f"  {factor} times smaller:     ", n_missing(page.reduce(factor)))

broken = reading.lines[2].digits[3]
print(f"the {broken.best} with a gap, in the third line, has probability {broken.probability:.2f}")

figure = Figure(figsize=(9, 5.4), layout="constrained")
left, right = figure.subfigures(1, 2)
left.subplots().imshow(draw_boxes(page, reading))
right.suptitle("what the Reader's network saw, and our own")
places = right.subplots(len(line), 2)
for (theirs, ours), digit, form in zip(places, line, own, strict=True):
    theirs.imshow(digit.image, cmap="gray_r")
    ours.imshow(form, cmap="gray_r")
for axes in figure.axes:
    axes.axis("off")
save_png(figure, "tutorial-10.png")
