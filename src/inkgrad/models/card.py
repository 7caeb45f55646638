"""Card: what a model was made from, how, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from inkgrad.errors import SettingError
from inkgrad.metrics import wilson_interval
from inkgrad.whole_numbers import shown_whole


@dataclass(frozen=True)
class Card:
    """A model card: facts for people, which make no difference to what the model answers.

    data          name of the data, "MNIST"
    fingerprint   the SHA-256 of the training examples (Examples.fingerprint)
    n_train       number of training examples
    n_test        number of test examples
    n_right       how many of those the model gets right
    recipe        name of the network and its settings, "cnn"
    optimizer     as it prints, with its learning rate and schedule
    augmentation  as it prints
    epochs, batch_size, seed
                  the other settings; with all of them the training can be done again
    made_by       the program and its version, "inkgrad 0.1.0"
    date          when, if somebody wants to say: without it, the same training writes the same bytes
    notes         anything else, which may have several lines

    What is not known is left out.

    Raises SettingError for counts below 0 or that contradict each other, and for texts that are too long
    or hold control characters.
    """

    data: str = ""
    fingerprint: str = ""
    n_train: int | None = None
    n_test: int | None = None
    n_right: int | None = None
    recipe: str = ""
    optimizer: str = ""
    augmentation: str = ""
    epochs: int | None = None
    batch_size: int | None = None
    seed: int | None = None
    made_by: str = ""
    date: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if field.default == "":
                _refuse_bad_text(name, value)
            elif value is not None and (type(value) is not int or value < 0):
                raise SettingError(f"a card's {name} is a whole number of 0 or more, got {shown_whole(value)}")
        if self.n_right is not None and self.n_right > (self.n_test or 0):
            raise SettingError(f"a card cannot have {self.n_right} right of {self.n_test} test examples")

    @property
    def accuracy(self) -> float | None:
        """The part of the test examples that the model gets right, in [0, 1]; None where it is not known."""
        return self.n_right / self.n_test if self.n_test and self.n_right is not None else None

    def facts(self) -> dict[str, Any]:
        """Return what is known, by name."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value not in ("", None)}

    def lines(self) -> dict[str, str]:
        """Return what is known in words, for people: a few lines, each with its title."""
        sizes = [f"{n} {what}" for n, what in ((self.n_train, "to train on"), (self.n_test, "to test on")) if n]
        fingerprint = f"SHA-256 {self.fingerprint[:12]}..." if self.fingerprint else ""
        told = {
            "data": _joined(self.data, *sizes, fingerprint),
            "recipe": _joined(
                self.recipe,
                self.optimizer,
                self.augmentation,
                *(
                    f"{name} {value}"
                    for name, value in (("batch size", self.batch_size), ("epochs", self.epochs), ("seed", self.seed))
                    if value is not None
                ),
            ),
            "test accuracy": self._accuracy_in_words(),
            "made by": _joined(self.made_by, self.date),
            "notes": self.notes,
        }
        return {title: text for title, text in told.items() if text}

    def _accuracy_in_words(self) -> str:
        if self.accuracy is None or self.n_right is None or not self.n_test:
            return ""
        low, high = wilson_interval(self.n_right, self.n_test)
        return f"{self.accuracy:.4f} ({self.n_right} of {self.n_test}), 95 % interval {low:.4f} to {high:.4f}"

    def __str__(self) -> str:
        told = self.lines()
        if not told:
            return "an empty card: nothing is said of how the model was made"
        return "\n".join(f"{title + ':':15} {text}" for title, text in told.items())


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _refuse_bad_text(name: str, text: Any) -> None:
    if not isinstance(text, str):
        raise SettingError(f"a card's {name} is a text, got {text!r}")
    longest = 100_000 if name == "notes" else 1_000
    if len(text) > longest:
        raise SettingError(f"a card's {name} has at most {longest} characters, got {len(text)}")
    strange = [each for each in text if not (each.isprintable() or (name == "notes" and each in "\n\t"))]
    if strange:
        raise SettingError(f"a card's {name} is plain text, got the character {strange[0]!r} in it")
