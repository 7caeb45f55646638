"""IDX set: the four files that MNIST, and data like it, come in, under any of the names in use."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.idx import read_idx
from inkgrad.data.labelled_images import FoundData, LabelledImages
from inkgrad.errors import DataError

IMAGES = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
LABELS = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}
MISSING = "as MNIST's files are named; it is not there"
NAME = re.compile(
    r"(?:(?P<set>.+)[-_.])?(?P<part>train|t10k|test)[-_](?P<kind>images|labels)"
    r"(?P<idx>[-_.]idx\d?)?(?P<type>[-_.](?:ubyte|int))?(?P<packed>\.gz)?",
    re.IGNORECASE,
)
DIGITS, UPPER, LOWER = string.digits, string.ascii_uppercase, string.ascii_lowercase
EMNIST_CLASSES = {  # of the sets of EMNIST (Cohen et al. 2017, https://arxiv.org/abs/1702.05373, table II)
    "emnist-balanced": DIGITS + UPPER + "abdefghnqrt",
    "emnist-byclass": DIGITS + UPPER + LOWER,
    "emnist-bymerge": DIGITS + UPPER + "abdefghnqrt",
    "emnist-digits": DIGITS,
    "emnist-letters": LOWER,
    "emnist-mnist": DIGITS,
}


@dataclass(frozen=True)
class IdxSet:
    """Four files of one set, by what is in them, ("train", "images"); some may be missing.

    name   what the names of its files begin with, "emnist-letters"; "" for MNIST's own
    """

    folder: Path
    name: str
    files: Mapping[tuple[str, str], Path]

    def file(self, part: str, kind: str) -> Path:
        """Return the file of a part; raise DataError where it is not there."""
        path = self.files.get((part, kind))
        if path is None:
            usual = self._usual_name(part, kind)
            raise DataError(f"{self.folder} should hold {usual} or {usual}.gz, {MISSING}")
        return path

    def _usual_name(self, part: str, kind: str) -> str:
        """Return what a file that is missing would be called, as its fellow is."""
        fellow = self.files.get((part, "labels" if kind == "images" else "images"))
        plain = (IMAGES if kind == "images" else LABELS)[part]
        if fellow is None:
            return f"{self.name}-{plain.replace('t10k', 'test')}" if self.name else plain
        start = fellow.name.lower().partition("images" if kind == "labels" else "labels")[0]
        separator = "." if "." in fellow.name[len(start) :].removesuffix(".gz") else "-"
        return fellow.name[: len(start)] + plain[plain.index(kind) :].replace(f"{kind}-", f"{kind}{separator}")

    @property
    def is_emnist(self) -> bool:
        """Whether its images lie on their sides, as those of EMNIST do: rows are columns."""
        return self.name.lower().startswith("emnist")

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes, where the name of the set tells; otherwise those of digits."""
        return tuple(EMNIST_CLASSES.get(self.name.lower().replace("_", "-"), DIGITS))

    def read(self, checksums: Mapping[str, str] | None = None) -> FoundData:
        """Return what the files hold; raise DataError, naming the file, where one is not what it should be."""
        train, test = (self._read(part, checksums) for part in ("train", "test"))
        return FoundData(train, test)

    def _read(self, part: str, checksums: Mapping[str, str] | None) -> LabelledImages:
        paths = [self.file(part, kind) for kind in ("images", "labels")]
        arrays = []
        for path in paths:
            if checksums and hashlib.sha256(path.read_bytes()).hexdigest() != checksums.get(path.name):
                raise DataError(f"{path} differs from its checksum: it is damaged, install inkgrad again")
            arrays.append(read_idx(path))
        images, labels = arrays
        if images.ndim == 3:
            images = images[..., np.newaxis]
        if images.ndim != 4 or (images.dtype != np.uint8 and images.dtype.kind != "f"):
            raise DataError(
                f"{paths[0]} should hold images (N, height, width) of uint8 or float, "
                f"got {images.dtype} of shape {images.shape}"
            )
        if labels.ndim != 1 or labels.dtype.kind not in "ui":
            raise DataError(f"{paths[1]} should hold whole numbers (N,), got {labels.dtype} of shape {labels.shape}")
        refuse_bad_count(images, labels, str(paths[0]))
        found = LabelledImages(images, labels, self.classes)
        return as_emnist(found) if self.is_emnist else found


def as_emnist(found: LabelledImages) -> LabelledImages:
    """Return images of EMNIST upright: there they are mirrored at their diagonal."""
    return replace(found, x=upright(found.x), notes=("mirrored at the diagonal, as EMNIST's are, and set upright",))


def upright(images: NDArray) -> NDArray:
    """Return images (N, height, width, channels) with rows for columns."""
    return np.ascontiguousarray(images.swapaxes(1, 2))


def refuse_bad_count(x: NDArray, labels: NDArray, name: str) -> None:
    """Raise DataError where images and labels are not as many."""
    if len(x) == len(labels):
        return
    message = f"{name}: there are {len(x)} inputs but {len(labels)} labels; each input needs one"
    if x.ndim > 1 and len(labels) in x.shape[1:]:
        message += (
            f"; the images are {x.shape}, and their number should come first, so their axes may be the wrong way round"
        )
    raise DataError(message)


def idx_sets(folder: Path) -> list[IdxSet]:
    """Return the sets of IDX files in a folder, each file perhaps in a folder of its own name, as Kaggle unpacks them.

    Of a file and the same one gzipped, the gzipped one is taken.
    """
    found: dict[str, dict[tuple[str, str], Path]] = {}
    for path in sorted(folder.iterdir()):
        inner = path / path.name if path.is_dir() else path
        name = NAME.fullmatch(path.name)
        if name is None or not (name["idx"] or name["type"]) or not inner.is_file():
            continue
        kind = "test" if name["part"].lower() == "t10k" else name["part"].lower(), name["kind"].lower()
        files = found.setdefault(name["set"] or "", {})
        if kind not in files or name["packed"]:
            files[kind] = inner
    return [IdxSet(folder, name, files) for name, files in sorted(found.items())]


def idx_set_of(path: Path) -> IdxSet | None:
    """Return the set in a folder; that which files belong to, or whose names begin as the path; None where none is.

    Raises DataError where a folder holds several.
    """
    if path.is_dir():
        sets = idx_sets(path)
        if len(sets) > 1:
            names = ", ".join(each.name or "MNIST's own names" for each in sets)
            raise DataError(
                f"{path} holds several sets, {names}: name one, such as {path / sets[-1].name}", setting="data"
            )
        return sets[0] if sets else None
    if not path.parent.is_dir():
        return None
    name = NAME.fullmatch(path.name)
    if path.is_file() and not (name and (name["idx"] or name["type"])):
        return None
    wanted = (name["set"] or "") if name and path.is_file() else path.name
    return next((each for each in idx_sets(path.parent) if each.name == wanted), None)
