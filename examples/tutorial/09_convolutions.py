"""Chapter 9: a convolution looks for the same small pattern everywhere in a picture."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples, mnist
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.layout import Named
from inkgrad.optimizers import Adam
from inkgrad.plots import save_png
from inkgrad.training import Objective, Run, evaluate

data = mnist()
image = data.test.x[0, :, :, 0] / 255
upright = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])  # ink begins here, from left to right
lying = upright.T  # ink begins here, from top to bottom


def convolve(image, kernel):
    """Return a picture: at each place the sum of the nine pixels around it, weighted by the kernel."""
    framed, found = np.pad(image, 1), np.zeros_like(image)
    for row in range(28):
        for column in range(28):
            found[row, column] = np.sum(framed[row : row + 3, column : column + 3] * kernel)
    return found


p = Named({"W": np.stack([upright, lying], axis=-1)[:, :, np.newaxis], "b": np.zeros(2)})
y, _ = Conv2D(1, 2).forward(p, image[np.newaxis, :, :, np.newaxis])
own = np.stack([convolve(image, upright), convolve(image, lying)], axis=-1)
assert np.abs(y[0] - own).max() < 1e-14
print("Conv2D(1, 2) finds the same edges")

some = Examples(data.train.x[:5000], data.train.t[:5000])
test = Examples(data.test.x[:2000], data.test.t[:2000])
moved = Examples(np.roll(test.x, 3, axis=2), test.t)  # three pixels to the right
dense = Chain((Flatten(), Dense(784, 100), ReLU(), Dense(100, 10)))
once, twice = (Conv2D(1, 8), ReLU(), MaxPool2D()), (Conv2D(8, 16), ReLU(), MaxPool2D())
cnn = Chain((*once, *twice, Flatten(), Dense(7 * 7 * 16, 10)))
for name, network in ("dense", dense), ("convolutions", cnn):
    run = Run(Objective(network, SoftmaxCrossEntropy()), Adam(0.003), batch_size=50)
    for _ in range(3):
        for _ in run.steps(some):
            pass
    upon, away = (evaluate(run.objective, run.theta, each).accuracy for each in (test, moved))
    print(f"{name}: {len(run.theta)} parameters, accuracy {upon:.3f}, of moved digits {away:.3f}")

first = run.objective.layout.views(run.theta)["0"]
maps, _ = cnn.layers[0].forward(first, image[np.newaxis, :, :, np.newaxis].astype(np.float32))
figure = Figure(figsize=(10, 4.4), layout="constrained")
top, bottom = figure.subplots(2, 6)
for axes, picture, title in zip(
    [*top[:3], *bottom],
    [image, *np.moveaxis(own, -1, 0), *np.moveaxis(maps[0], -1, 0)[:6]],
    ["the digit", "upright edges", "lying edges", *(f"learned, {k}" for k in range(6))],
    strict=True,
):
    reach = np.abs(picture).max()
    axes.imshow(picture, cmap="RdBu_r", vmin=-reach, vmax=reach)
    axes.set_title(title)
for axes in figure.axes:
    axes.axis("off")
save_png(figure, "tutorial-09.png")
