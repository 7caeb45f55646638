"""Examples with their targets, the sets of them that training needs, and their batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import AnyArray, NDArray, like, namespace
from inkgrad.errors import DataError
from inkgrad.whole_numbers import refuse_bad_batch_size


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs x (N, ...) and targets t: class numbers (N,), or a row of numbers for each input, (N, K).

    A row is what a regression gives, or a labelling of a line, as CTC takes it.
    Images are (N, height, width, channels): uint8 in 0..255, or floats in [0, 1], where 0 is
    paper and full is ink.

    Raises DataError when x and t differ in number or are empty, or a number is NaN, infinite
    or, in an image, outside its range.
    """

    x: NDArray
    t: NDArray

    def __post_init__(self) -> None:
        if len(self.x) != len(self.t):
            raise DataError(f"there are {len(self.x)} inputs but {len(self.t)} labels; each input needs one")
        refuse_bad_inputs(self.x)

    def __len__(self) -> int:
        return len(self.x)

    def fingerprint(self) -> str:
        """Return a word that other examples would not have: the SHA-256 of shapes, types and numbers."""
        digest = hashlib.sha256()
        for array in self.x, self.t:
            digest.update(f"{array.dtype} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(self.x.shape[1:])

    @property
    def has_classes(self) -> bool:
        """Whether the targets are class numbers, else they are rows of numbers."""
        return self.t.ndim == 1

    def split(self, fraction: float, seed: int) -> tuple[Examples, Examples]:
        """Return those to train on, and a fraction, drawn by `seed`, that is held out to compare trainings on.

        Raises DataError when there are too few for that.
        """
        n = len(self)
        n_held = round(fraction * n)
        if n_held < 2 or n_held >= n:
            raise DataError(
                f"validation_fraction = {fraction:g} of {n} training examples holds out {n_held}: "
                "at least 2 are needed, and some to train on"
            )
        order = np.random.default_rng(seed).permutation(n)
        held, rest = np.sort(order[:n_held]), np.sort(order[n_held:])
        return Examples(self.x[rest], self.t[rest]), Examples(self.x[held], self.t[held])


def refuse_bad_inputs(x: NDArray) -> None:
    """Raise DataError where inputs (N, ...) are empty, or hold NaN, infinity or pixels out of range."""
    if len(x) == 0:
        raise DataError("there are no examples: at least one is needed")
    if x.dtype == np.uint8:
        return
    if x.dtype.kind not in "fiu":
        raise DataError(f"inputs must be numbers, got {x.dtype}")
    finite = np.isfinite(x)
    if not finite.all():
        where = [int(i) for i in np.argwhere(~finite)[0]]
        raise DataError(f"inputs must be finite numbers, got {x[tuple(where)]} at index {where}")
    if x.ndim == 4 and (x.min() < 0 or x.max() > 1):
        raise DataError(
            f"pixels must be uint8 in 0..255 or floats in [0, 1], got {x.dtype} from {x.min():.6g} to {x.max():.6g}"
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples to train on, examples to test on, and the name of each class; () where the targets are numbers.

    `about` says in one line what was found and what was made of it; "" where there is nothing to say.

    Raises DataError unless targets are class numbers with a name each or, without names, rows of finite numbers, and
    train and test are alike in shape.
    """

    train: Examples
    test: Examples
    labels: tuple[str, ...]
    about: str = ""

    def __post_init__(self) -> None:
        for name, examples in ("training", self.train), ("test", self.test):
            if not self.labels:
                _refuse_unless_numbers(name, examples)
                continue
            if not examples.has_classes:
                raise DataError(f"{name} targets with labels must be class numbers, (N,), got shape {examples.t.shape}")
            low, high = int(examples.t.min()), int(examples.t.max())
            if low < 0 or high >= len(self.labels):
                wrong = low if low < 0 else high
                where = int(np.argmax(examples.t == wrong))
                raise DataError(
                    f"{name} label {wrong} at index {where} is out of range: "
                    f"{len(self.labels)} classes have labels 0 to {len(self.labels) - 1}"
                )
        if self.train.input_shape != self.test.input_shape:
            raise DataError(
                f"training inputs have shape {self.train.input_shape}, "
                f"test inputs {self.test.input_shape}; they must be alike"
            )
        if self.train.t.shape[1:] != self.test.t.shape[1:]:
            raise DataError(
                f"training targets have shape {self.train.t.shape[1:]}, "
                f"test targets {self.test.t.shape[1:]}; they must be alike"
            )


def _refuse_unless_numbers(name: str, examples: Examples) -> None:
    if examples.has_classes:
        raise DataError(f"{name} targets without labels must be rows of numbers, (N, K), got shape {examples.t.shape}")
    if not np.isfinite(examples.t).all():
        raise DataError(f"{name} targets must be finite numbers")


def as_inputs(x: NDArray, dtype: type = np.float32) -> NDArray:
    """Return x as floats: bytes 0..255 become 0..1, floats stay what they are."""
    if x.dtype == np.uint8:
        return np.divide(x, dtype(255), dtype=dtype)
    return np.asarray(x, dtype)


def inputs_like(x: NDArray, theta: AnyArray) -> AnyArray:
    """Return x as floats of the library, device and type of theta, as as_inputs makes them."""
    if isinstance(theta, np.ndarray):
        return as_inputs(x, theta.dtype.type)
    floats = namespace(theta).astype(like(x, theta), theta.dtype)
    return floats / 255 if x.dtype == np.uint8 else floats


def batches(
    examples: Examples,
    batch_size: int,
    rng: np.random.Generator,
    skip: int = 0,
    dtype: type | None = np.float32,
) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield (x, t) for each batch of one epoch, leaving out the first `skip` batches.

    The examples are shuffled, not the batches: otherwise the same ones would stand together
    for ever.  The last batch is smaller when batch_size does not divide their number.  Inputs come
    as `dtype`, as as_inputs makes them; with None as they are.

    Raises SettingError for a batch size below 1, or more than 64 bits hold.
    """
    refuse_bad_batch_size(batch_size)
    order = rng.permutation(len(examples))
    for start in range(skip * batch_size, len(order), batch_size):
        chosen = order[start : start + batch_size]
        x = examples.x.take(chosen, axis=0)
        yield x if dtype is None else as_inputs(x, dtype), examples.t[chosen]
