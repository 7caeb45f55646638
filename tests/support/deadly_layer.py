"""A layer that dies of one picture: a stand-in for a decoder that crashes."""

import os
import signal
from dataclasses import dataclass

from inkgrad.layers import Layer

DARK = 0.4  # mean ink of an image: no digit has so much


@dataclass(frozen=True)
class Deadly(Layer):
    """y = x, unless an image is a blot: then the process is killed."""

    def forward(self, p, x, rng=None):
        if (x.reshape(len(x), -1).mean(axis=1) > DARK).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return x, None

    def backward(self, p, g, cache, dy):
        return dy
