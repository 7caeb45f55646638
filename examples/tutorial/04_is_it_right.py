"""Chapter 4: a gradient is believed when small nudges agree with it."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.check import check_function
from inkgrad.data import animals
from inkgrad.plots import save_png

animal = animals().train
x, t = animal.x.astype(float), animal.t


def cost(theta):
    """Return C for the three parameters: two weights and the bias."""
    return 0.5 * np.sum((x @ theta[:2] + theta[2] - t) ** 2) / len(t)


def gradient(theta):
    """Return dC/dtheta, by the formula of chapter 3."""
    dy = (x @ theta[:2] + theta[2] - t) / len(t)
    return np.append(x.T @ dy, dy.sum())


def differences(theta, h):
    """Return the same by nudging each parameter by h to either side."""
    nudges = h * np.eye(len(theta))  # each row nudges one parameter
    return np.array([cost(theta + d) - cost(theta - d) for d in nudges]) / (2 * h)


theta = np.array([0.4, -0.9, 0.6])
print("   formula  differences  relative error")
for a, n in zip(gradient(theta), differences(theta, 1e-4), strict=True):
    error = abs(a - n) / max(abs(a), abs(n))
    print(f"{a:10.6f}  {n:11.6f}  {'below 1e-9' if error < 1e-9 else 'too large'}")


def forgetful(theta):
    """Return a gradient in which the division by N is forgotten."""
    return gradient(theta) * len(t)


def uphill(theta):
    """Return a gradient that has t - y where y - t belongs."""
    return -gradient(theta)


print()
for mine in gradient, forgetful, uphill:
    report = check_function(cost, mine, theta, raises=False)
    print(f"{mine.__name__}: {report.summary}", *report.findings, sep="\n  ")

sizes, exact = 10.0 ** np.arange(-13, 0.1, 0.25), gradient(theta)[0]
w = np.array([1.0, 0, 0])
one = [abs((cost(theta + h * w) - cost(theta)) / h / exact - 1) for h in sizes]
two = [abs((cost(theta + h * w) - cost(theta - h * w)) / (2 * h) / exact - 1) for h in sizes]
figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.loglog(sizes, one, "^", color="#b2182b", label="one side: (C(w + h) - C(w)) / h")
axes.loglog(sizes, two, "o", color="#2166ac", label="both sides: (C(w + h) - C(w - h)) / 2h")
axes.set(title="How far differences are off", xlabel="size of the nudge, h", ylabel="relative error")
axes.legend()
save_png(figure, "tutorial-04.png")
