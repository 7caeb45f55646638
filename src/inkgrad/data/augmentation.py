"""Augmentation: random changes of handwriting that leave the digit the same."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inkgrad.arrays import NDArray
from inkgrad.data.warps import Warps, apply_warps, refuse_bad_images
from inkgrad.errors import SettingError
from inkgrad.whole_numbers import shown_whole


@dataclass(frozen=True)
class Augmentation:
    """Random changes of images in training, one drawn anew for each image each time.

    So a network sees each digit written in many more ways than its examples were.

    shift      the ink moves by up to so many pixels down or up, and right or left
    rotation   it turns by up to so many degrees either way
    scale      it grows by a factor from 1 / (1 + scale) to 1 + scale
    stretch    its height against its width changes by a factor from 1 / (1 + stretch) to
               1 + stretch, its area stays
    shear      it leans: a pixel goes right by up to shear times its rows below the centre, or left
    thickness  its strokes grow or shrink, by up to that part of one pixel on each side; in [0, 1]
    elastic    it wobbles: control points go down and right by a normal number of this standard
               deviation, in pixels; the ink between follows, by about half as much
    grid       number of those control points on a side, 4 to 32: more make a smaller wobble

    Digits of MNIST still look written by hand with shift=2, rotation=15, scale=0.15, stretch=0.2,
    shear=0.3, thickness=0.5 and elastic=1.5 together.

    Numbers are uniform in their ranges, those of factors in the logarithm, so that growing is as
    likely as shrinking.  Each is independent of the others; 0 leaves that change out.

    (Elastic wobble: Simard, Steinkraus & Platt 2003, https://doi.org/10.1109/ICDAR.2003.1227801,
    section 2.  Theirs is noise in every pixel, blurred by a Gaussian; ours is a B-spline, which
    needs far fewer random numbers.)

    Raises SettingError for a change below 0, infinite or out of its range, or a grid of less than
    4 or more than 32 points.

    >>> images = np.zeros((2, 28, 28, 1), np.uint8)
    >>> Augmentation(shift=2, rotation=10)(images, np.random.default_rng(0)).shape
    (2, 28, 28, 1)
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    stretch: float = 0.0
    shear: float = 0.0
    thickness: float = 0.0
    elastic: float = 0.0
    grid: int = 6

    def __post_init__(self) -> None:
        beyond_images = 10_000  # and far from what float32 cannot hold
        for name in "shift", "rotation", "scale", "stretch", "shear", "thickness", "elastic":
            value: Any = getattr(self, name)
            largest = 1 if name == "thickness" else beyond_images
            is_number = isinstance(value, Real)
            if not (is_number and 0 <= value <= largest):  # written so that NaN fails
                raise SettingError(f"Augmentation takes {name} from 0 to {largest}, got {shown_whole(value)}")
        if not (isinstance(self.grid, Integral) and 4 <= int(self.grid) <= 32):
            raise SettingError(f"Augmentation takes a whole number from 4 to 32 as grid, got {shown_whole(self.grid)}")

    @property
    def is_nothing(self) -> bool:
        """Whether all images stay as they are."""
        return self == Augmentation(grid=self.grid)

    def draw(self, n: int, shape: tuple[int, ...], rng: np.random.Generator) -> Warps:
        """Return random changes for n images of `shape` (height, width).

        Those of one kind are the same whatever the settings of the others.  Lengths are in
        pixels, so shape makes no difference.
        """
        u = rng.uniform(-1, 1, (7, n))
        affine = affine_maps(
            down=self.shift * u[0],
            right=self.shift * u[1],
            degrees=self.rotation * u[2],
            size=(1 + self.scale) ** u[3],
            stretch=(1 + self.stretch) ** u[4],
            shear=self.shear * u[5],
        )
        g = self.grid if self.elastic else 0
        bumps = np.float32(self.elastic) * rng.standard_normal((n, g, g, 2), np.float32)
        return Warps(affine, bumps, (self.thickness * u[6]).astype(np.float32))

    def __call__(self, images: NDArray, rng: np.random.Generator) -> NDArray:
        """Return images (N, H, W, channels), uint8 or floats in [0, 1], each changed at random."""
        refuse_bad_images(images)
        return apply_warps(images, self.draw(len(images), images.shape[1:3], rng))


def affine_maps(
    *,
    down: ArrayLike = 0,
    right: ArrayLike = 0,
    degrees: ArrayLike = 0,
    size: ArrayLike = 1,
    stretch: ArrayLike = 1,
    shear: ArrayLike = 0,
) -> NDArray:
    """Return the affine maps of Warps, (N, 2, 3), that move the ink as said; each argument is (N,).

    Ink at (y, x), rows below and columns right of the image's centre, goes to

        y' = cos a · h y - sin a · w (x + shear y) + down
        x' = sin a · h y + cos a · w (x + shear y) + right

    with h = size √stretch and w = size / √stretch: it is sheared, sized, turned by the angle a
    and shifted.  A positive angle turns it anticlockwise, as np.rot90 does.  A warp says where
    an output pixel comes from, so this is solved for (y, x):

        y = ( cos a (y' - down) + sin a (x' - right)) / h
        x = (-sin a (y' - down) + cos a (x' - right)) / w - shear y
    """
    down, right, degrees, size, stretch, shear = np.broadcast_arrays(
        *np.atleast_1d(down, right, degrees, size, stretch, shear)
    )
    cos, sin, root = np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), np.sqrt(stretch)
    y = np.stack([cos, sin, -cos * down - sin * right]) / (size * root)
    x = np.stack([-sin, cos, sin * down - cos * right]) * root / size - shear * y
    return np.stack([y, x]).transpose(2, 0, 1).astype(np.float32)
