"""FormReader: pages of one form become rows of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError, SettingError
from inkgrad.fast import available_threads, refuse_bad_threads
from inkgrad.forms.cutting import cut_field, widened, without_print
from inkgrad.forms.field_value import NO, YES, value_of
from inkgrad.forms.form import Field, PrintedForm
from inkgrad.forms.placing import Placement
from inkgrad.models import Model, load
from inkgrad.pictures import Source, ink_on_paper, open_or_reason, open_picture
from inkgrad.reader import Reader, ReaderSettings, Reading
from inkgrad.reader.batches import BatchSettings, read_in_batches
from inkgrad.reader.choice import ChoiceSettings

SURE = 0.97
"""The probability below which a person is asked for a field, unless told otherwise.

Of 3,200 fields of forms with digits of development, and of MNIST's test set, it asks for a third, and for 83 % of the
89 that are wrong; 0.9 asks for a fifth, and for 73 % of them.
"""

UPRIGHT = replace(ReaderSettings(), choice=ChoiceSettings(doubt=0.0))  # a field that was cut out is not turned
TOGETHER = BatchSettings(pictures=8, few=7, ahead=2, longest=2)  # pages, each of which takes as long as ten lines
NO_PAGE = "the page does not fit the sample"

Place = tuple[int, str]  # the number of a page, and the name of a field


@dataclass(frozen=True)
class FormSettings:
    """How fields are cut out, and when a tick box counts as ticked.

    around    share of a field's height that is cut out around it, as writing goes over its edges
    shown     share of it around what a person is shown
    inside    share of a tick box's height left aside at each of its edges
    inked     of the paper's light; what takes more is ink
    ticked    share of a tick box with ink at which it is as probably ticked as not
    steep     by how many times as much ink the odds become as many times e
    untouched share of a field; with less ink it is empty
    looks     how a field is looked at, each time by a factor by which it is stretched, and by which part of its height
              its top is moved to the right: where what is read differs, some of it is wrong.  Of those 3,200 fields 95
              are read wrong with these four, 98 with three of which none is of the field as it is, 91 with seven
    missed    so many times as probable is what a look says for each character that another look has not, as ink that
              is left out makes nothing less probable: of the 95 it mends 6
    """

    around: float = 0.1
    shown: float = 0.4
    inside: float = 0.1
    inked: float = 0.25
    ticked: float = 0.02
    steep: float = 0.4
    untouched: float = 0.002
    looks: tuple[tuple[float, float], ...] = ((1.0, 0.0), (0.87, 0.0), (1.0, 0.18), (1.0, -0.18))
    missed: float = 5.0


@dataclass(frozen=True, eq=False)
class FieldReading:
    """What was read in one field of a page.

    field        which
    text         as it is written, the most probable characters; "yes" or "no" of a tick box
    value        what stands in its column: a number in plain digits, a date as 2024-05-17, else the text
    probability  that of the weakest character, the mean over all looks at the field; 0 for those that read another text
    doubt        why a person is asked, "" where it is sure and as expected
    picture      the field with what is around it, uint8 (height, width, channels)
    """

    field: Field
    text: str
    value: str
    probability: float
    doubt: str
    picture: NDArray


@dataclass(frozen=True, eq=False)
class FilledPage:
    """What was read on one page: nothing where there is an `error`, why it could not be laid over the sample."""

    fields: tuple[FieldReading, ...]
    error: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """What stands in each field, by its name."""
        return {each.field.name: each.value for each in self.fields}


class FormReader:
    """Reads the fields of pages that were printed alike, and filled in by hand.

    A person is asked for what is less probable than `sure`, in [0, 1], and for what breaks the field's pattern.
    `model` and `line_model` are as a Reader's.

    Raises SettingError for a probability outside [0, 1], and what a Reader does.
    """

    def __init__(
        self, form: PrintedForm, model: Model | None = None, line_model: Model | None = None, *, sure: float = SURE,
        settings: FormSettings = FormSettings(),
    ) -> None:  # fmt: skip
        if not 0 <= sure <= 1:
            raise SettingError(f"sure is a probability from 0 to 1, got {sure}", setting="sure")
        self.form, self.sure, self.settings = form, sure, settings
        self.models = load("reader") if model is None else model, load("lines") if line_model is None else line_model
        patterns = dict.fromkeys(field.expect for field in form.fields if field.kind != "tick")
        self.readers = {expect: Reader(*self.models, expect=expect, settings=UPRIGHT) for expect in patterns}

    def read(self, page: Source) -> FilledPage:
        """Return what a page says: a path, the bytes of a file, a Pillow image or an array.

        Raises PictureError for what is no picture, OSError when a file cannot be read.
        """
        return self._read([open_picture(page)])[0]

    def read_many(self, pages: Iterable[Source], *, workers: int | None = None) -> Iterator[FilledPage]:
        """Yield what each of many pages says, in their order; what is no picture has an `error`.

        `workers` is the number of processes, as many as there are cores unless told otherwise.

        Raises SettingError unless the number of workers is from 1 to 256.
        """
        workers = available_threads() if workers is None else workers
        refuse_bad_threads(workers)
        return read_in_batches(self if workers == 1 else self._alone(), pages, workers, TOGETHER)

    def __call__(self, pages: Sequence[Source]) -> list[FilledPage]:
        """Return what pages say that are read together."""
        return self._read([open_or_reason(page) for page in pages])

    def _alone(self) -> FormReader:
        """Return the same reader for one of several processes: with one thread."""
        models = (replace(model, engine=model.engine.with_threads(1)) for model in self.models)
        return FormReader(self.form, *models, sure=self.sure, settings=self.settings)

    def _read(self, pages: Sequence[NDArray | str]) -> list[FilledPage]:
        """Return what pages say, uint8 (height, width, channels), or why they could not be opened."""
        cuts: dict[Place, _Cut] = {}
        errors: list[str | None] = []
        for number, colours in enumerate(pages):
            if isinstance(colours, str):
                errors.append(colours)
                continue
            placement = self.form.sample.place(colours)
            errors.append(None if placement else NO_PAGE)
            if placement:
                for field in self.form.fields:
                    cuts[number, field.name] = self._cut(field, colours, placement)
        said = self._said(cuts)
        return [
            FilledPage((), error) if error else FilledPage(tuple(
                self._answer(field, *said[number, field.name], cuts[number, field.name]) for field in self.form.fields
            ))
            for number, error in enumerate(errors)
        ]  # fmt: skip

    def _cut(self, field: Field, colours: NDArray, placement: Placement) -> _Cut:
        """Return a field of a page that lies there."""
        page = Image.fromarray(colours[..., 0] if colours.shape[2] == 1 else colours)
        settings, sample = self.settings, self.form.sample
        around = -settings.inside if field.kind == "tick" else settings.around
        cut, printed = cut_field(page, sample, placement, widened(field.box, around))
        shown, _ = cut_field(page, sample, placement, widened(field.box, settings.shown))
        clean = without_print(cut, printed)
        ink = ink_on_paper(clean.reshape(*clean.shape[:2], -1))
        return _Cut(clean, shown, float((ink > settings.inked).mean()))

    def _said(self, cuts: dict[Place, _Cut]) -> dict[Place, tuple[str, float]]:
        """Return the text of each field and its probability; fields with the same pattern are read together."""
        said: dict[Place, tuple[str, float]] = {}
        asked: dict[str, list[Place]] = defaultdict(list)
        fields = {field.name: field for field in self.form.fields}
        for place, cut in cuts.items():
            field = fields[place[1]]
            if field.kind == "tick":
                said[place] = self._ticked(cut.inked)
            elif cut.inked < self.settings.untouched:
                said[place] = "", 1.0
            else:
                asked[field.expect].append(place)
        for expect, places in asked.items():
            looks = [_seen(cuts[place].clean, *how) for how in self.settings.looks for place in places]
            written = [_written(reading) for reading in self.readers[expect](looks)]
            for k, place in enumerate(places):
                said[place] = _likeliest(fields[place[1]], written[k :: len(places)], self.settings.missed)
        return said

    def _ticked(self, inked: float) -> tuple[str, float]:
        """Return whether a tick box with so much ink is ticked, and how probable that is."""
        settings = self.settings
        odds = (max(inked, 1e-6) / settings.ticked) ** (1 / settings.steep)
        p = odds / (1 + odds)
        return (YES, p) if p >= 0.5 else (NO, 1 - p)

    def _answer(self, field: Field, text: str, probability: float, cut: _Cut) -> FieldReading:
        """Return what was read in a field, and whether to ask a person."""
        try:
            value, doubt = value_of(field, text), "" if probability >= self.sure else "unsure"
        except DataError as error:
            value, doubt = text, str(error)
        return FieldReading(field, text, value, probability, doubt, cut.shown)


@dataclass(frozen=True, eq=False)
class _Cut:
    """A field cut out of a page: without print, with what is around it, and which share of it has ink."""

    clean: NDArray
    shown: NDArray
    inked: float


def _seen(cut: NDArray, stretch: float, lean: float) -> NDArray:
    """Return a field that is stretched, and leans to the right by a part of its height, with paper beside it."""
    height, width = cut.shape[:2]
    beside = ceil(abs(lean) * height / 2)
    left = (beside + lean * height / 2) / stretch
    paper = tuple(int(each) for each in np.median(cut, axis=(0, 1)).ravel())
    return np.asarray(
        Image.fromarray(cut).transform(
            (round(stretch * width) + 2 * beside, height),
            Image.Transform.AFFINE,
            (1 / stretch, lean / stretch, -left, 0, 1, 0),
            Image.Resampling.BICUBIC,
            fillcolor=paper if len(paper) > 1 else paper[0],
        )
    )


def _written(reading: Reading) -> tuple[str, float]:
    """Return the most probable characters of a reading, and the probability of the weakest."""
    return "".join(character.best for line in reading.lines for character in line), reading.probability


def _likeliest(field: Field, looks: Sequence[tuple[str, float]], missed: float) -> tuple[str, float]:
    """Return the likeliest text of several looks at a field, and how probable it is to them all.

    Each character more than another look has makes a text `missed` times as likely.  What the field cannot hold, such
    as a date of the year 2623, is taken where no look says anything else.
    """
    mean: dict[str, float] = defaultdict(float)
    for text, probability in looks:
        mean[text] += probability / len(looks)
    shortest = min(map(len, mean))
    likely = {text: p * missed ** (len(text) - shortest) for text, p in mean.items()}
    text = max(mean, key=lambda each: (_holds(field, each), likely[each]))
    return text, min(mean[text], likely[text] / max(sum(likely.values()), 1e-9))


def _holds(field: Field, text: str) -> bool:
    """Return whether a field may hold a text."""
    try:
        value_of(field, text)
    except DataError:
        return False
    return True
