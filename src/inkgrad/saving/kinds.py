"""Kinds: what a file says that it is, and how files of older versions become ones of today."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inkgrad.errors import ModelFileError
from inkgrad.saving.untrusted import quoted

METADATA_KEY = "inkgrad"
"""Under which a file of another format holds our header."""

Header = dict[str, Any]
"""What a file says of itself, beside its arrays: JSON's words, numbers, lists and dictionaries."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file: "inkgrad model", say, and its versions, which are numbered from 1.

    `upgrades` has a function for each version but the last: upgrades[1] makes a header of version 2
    of one of version 1, and so on.  `longest` is the most bytes a header may take.
    """

    name: str
    upgrades: Mapping[int, Callable[[Header], Header]] = field(default_factory=dict)
    longest: int = 100_000_000  # what the safetensors library reads

    @property
    def version(self) -> int:
        """The version that is written."""
        return 1 + len(self.upgrades)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def marked(self, header: Mapping[str, Any]) -> Header:
        """Return a header with its "format", the kind and its version, as it is written."""
        return {"format": str(self)} | dict(header)

    def today(self, header: Mapping[str, Any]) -> Header:
        """Return a header of any version so far as one of today's, without its "format".

        Raises ModelFileError when it is of another kind, or of a version that is not known yet.
        """
        found = header.get("format", "a file of another program")
        said = re.fullmatch(rf"{re.escape(self.name)} ([1-9][0-9]{{0,8}})", found) if isinstance(found, str) else None
        if said is None:
            versions = " or ".join(map(str, range(1, self.version + 1)))
            raise ModelFileError(f"should be an {self.name} {versions}, got {quoted(found)}")
        version = int(said[1])
        if version > self.version:
            raise ModelFileError(
                f"is an {found}, made by a newer inkgrad, and this one reads them up to {self.version}: upgrade inkgrad"
            )
        today = {name: value for name, value in header.items() if name != "format"}
        for older in range(version, self.version):
            today = self.upgrades[older](today)
        return today
