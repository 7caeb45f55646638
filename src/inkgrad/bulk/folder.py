"""Folder: the work under way, beside the file that it is for, so that it can be gone on with."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from inkgrad.bulk.parts import Listed, Part, read_list
from inkgrad.bulk.rows import Answer
from inkgrad.errors import SettingError
from inkgrad.files import replacing
from inkgrad.saving import strict_json

MANIFEST_FILE, LIST_FILE = "manifest.json", "list.jsonl"
OWN_FILES = re.compile(r"\.?(manifest\.json|list\.jsonl|part-\d{8,}\.jsonl)(\.[0-9a-f]{8}\.part)?")
"""What the work puts into its folder, and what a killed process leaves of it."""


@dataclass(frozen=True)
class Folder:
    """The folder at `path`: the list of pictures, the manifest, and a file of each part that is done.

    The manifest has the settings, how much there is, and a fingerprint of the sources.  Each file takes its
    place in one move, so that a part is there as a whole or not at all.
    """

    path: Path

    @property
    def is_begun(self) -> bool:
        """Whether there is work to go on with."""
        return (self.path / MANIFEST_FILE).is_file()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What was noted when the work began."""
        try:
            noted = strict_json((self.path / MANIFEST_FILE).read_bytes())
            Listed(**noted["listed"])
            return {"settings": dict(noted["settings"]), "listed": noted["listed"]}
        except (ValueError, KeyError, TypeError):
            raise SettingError(f"{self.path / MANIFEST_FILE} is damaged: begin anew") from None

    @property
    def listed(self) -> Listed:
        """How much there is to do."""
        return Listed(**self.manifest["listed"])

    def begin(self, write_list: Callable[[BinaryIO], Listed], settings: dict[str, Any], anew: bool) -> None:
        """Make the folder, with the list that the function writes.

        Raises SettingError when it holds unfinished work, which shall not be begun `anew`, or what is not ours.
        """
        if self.is_begun:
            if not anew:
                raise SettingError(
                    f"{self.path} holds an unfinished reading, {len(self.done())} of {self.listed.n_parts} parts: "
                    "go on with resume=True, or begin with anew=True, which drops it",
                    setting="resume",
                )
            self._refuse_others()
            self.remove()
        if self.path.exists():
            self._refuse_others()
            shutil.rmtree(self.path)  # a list that was never finished
        self.path.mkdir()
        try:
            with replacing(self.path / LIST_FILE) as file:
                listed = write_list(file)
            with replacing(self.path / MANIFEST_FILE) as file:
                noted = {"settings": settings, "listed": vars(listed)}
                file.write(json.dumps(noted, indent=1).encode() + b"\n")
        except BaseException:
            shutil.rmtree(self.path)
            raise

    def _refuse_others(self) -> None:
        """Raise SettingError for what is no folder, or has other things in it, before it is deleted."""
        if not self.path.is_dir() or not all(OWN_FILES.fullmatch(path.name) for path in self.path.iterdir()):
            raise SettingError(f"{self.path} is needed for the work under way, and has other things in it: move it")

    def refuse_changed(self, listed: Listed, settings: dict[str, Any]) -> None:
        """Raise SettingError where the work began with other settings, or other pictures."""
        for name, value in settings.items():
            before = self.manifest["settings"].get(name)
            if before != value:
                raise SettingError(
                    f"the unfinished reading in {self.path} has {name} {before}, and this one {value}: "
                    "go on with the same, or begin with anew=True",
                    setting="anew",
                )
        if listed != self.listed:
            raise SettingError(
                f"the pictures are no longer those of the unfinished reading in {self.path} ({self.listed.n:,} then, "
                f"{listed.n:,} now, or changed ones among them): put them back, or begin with anew=True",
                setting="anew",
            )

    def done(self) -> set[int]:
        """Return the numbers of the parts that are done."""
        return {int(path.stem.removeprefix("part-")) for path in self.path.glob("part-*.jsonl")}

    def parts(self) -> Iterator[Part]:
        """Yield all parts."""
        with open(self.path / LIST_FILE) as lines:
            yield from read_list(lines)

    def part(self, number: int) -> Path:
        """Return the file of a part."""
        return self.path / f"part-{number:08}.jsonl"

    def put(self, number: int, answers: Iterable[Answer]) -> None:
        """Write the answers of a part, a line each."""
        with replacing(self.part(number)) as file:
            file.writelines(answer.as_line() for answer in answers)

    def answers(self) -> Iterator[Answer]:
        """Yield the answers of all parts, in the order of the pictures."""
        for number in range(self.listed.n_parts):
            with open(self.part(number), "rb") as lines:
                try:
                    yield from map(Answer.from_line, lines)
                except (ValueError, KeyError, TypeError):
                    raise SettingError(f"{self.part(number)} is damaged: begin anew") from None

    def remove(self) -> None:
        """Remove the folder; in one move first, so that never half of it is left under its name."""
        gone = self.path.with_name(f".{self.path.name}.done")
        shutil.rmtree(gone, ignore_errors=True)
        self.path.rename(gone)
        shutil.rmtree(gone)
