"""DigitReaderTransformer: pictures in, digits out."""

import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from inkgrad.data import mnist
from inkgrad.errors import DataError, PictureError, SettingError
from inkgrad.interop.sklearn import DigitReaderTransformer
from inkgrad.models import load
from inkgrad.reader import Reader


class TextIsRight(ClassifierMixin, BaseEstimator):
    """Predicts the text that it is given."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return X.astype(str)


@pytest.fixture(scope="module")
def strips():
    """Three rows of five test digits, dark on light, (3, 28, 140), and what they say."""
    digits = mnist().test
    rows = [255 - np.concatenate(digits.x[i : i + 5, :, :, 0], axis=1) for i in (0, 10, 25)]
    return np.stack(rows), ["".join(map(str, digits.t[i : i + 5])) for i in (0, 10, 25)]


@pytest.fixture
def paths(strips, tmp_path):
    found = [tmp_path / f"{i}.png" for i in range(3)]
    for path, picture in zip(found, strips[0], strict=True):
        Image.fromarray(picture).save(path)
    return found


def test_pictures_of_every_kind_become_texts(strips, paths):
    pictures, wanted = strips
    reader = DigitReaderTransformer()
    kinds = [
        pictures,
        pictures[..., np.newaxis],
        list(pictures / 255),
        [Image.fromarray(each) for each in pictures],
        paths,
        [str(path) for path in paths],
        [path.read_bytes() for path in paths],
        np.array([str(path) for path in paths]),
        pd.Series(paths),
    ]
    for kind in kinds:
        assert reader.fit_transform(kind).tolist() == wanted
    assert reader.transform([]).shape == (0,)


def test_it_is_a_step_of_pipelines(strips, paths):
    wanted = strips[1]
    numbers = make_pipeline(DigitReaderTransformer(expect=r"\d{5}"), FunctionTransformer(lambda t: t.astype(int)))
    assert numbers.fit_transform(paths).tolist() == [int(text) for text in wanted]
    counts = make_pipeline(DigitReaderTransformer(), CountVectorizer(analyzer="char", vocabulary=list("0123456789")))
    assert counts.fit_transform(paths).toarray().tolist() == [[text.count(k) for k in "0123456789"] for text in wanted]
    frame = pd.DataFrame({"photo": [str(path) for path in paths], "n": [1, 2, 3]})
    columns = make_column_transformer((counts, "photo"), remainder="passthrough")
    assert columns.fit_transform(frame).shape == (3, 11)


def test_a_column_of_pictures_becomes_a_column(strips, paths):
    frame = pd.DataFrame({"photo": [str(path) for path in paths], "n": [1, 2, 3]}, index=list("abc"))
    wanted = [[text] for text in strips[1]]
    assert DigitReaderTransformer().fit_transform(frame[["photo"]]).tolist() == wanted
    assert DigitReaderTransformer().fit_transform(np.array([[str(path)] for path in paths])).tolist() == wanted
    columns = make_column_transformer((DigitReaderTransformer(), ["photo"]), remainder="passthrough")
    assert columns.fit_transform(frame)[:, 0].tolist() == strips[1]
    made = columns.set_output(transform="pandas").fit_transform(frame)
    assert made.columns.tolist() == ["digitreadertransformer__digits", "remainder__n"]
    assert made.index.tolist() == list("abc")
    assert made["digitreadertransformer__digits"].tolist() == strips[1]


def test_its_settings_are_searched_like_those_of_any_step(strips, paths):
    pipeline = make_pipeline(DigitReaderTransformer(), TextIsRight())
    search = GridSearchCV(pipeline, {"digitreadertransformer__expect": [r"\d{5}", r"\d{2}"]}, cv=KFold(3))
    search.fit([str(path) for path in paths], strips[1])
    assert search.best_params_ == {"digitreadertransformer__expect": r"\d{5}"}


def test_processes_read_what_one_reads(strips, paths):
    for n_jobs in 2, -1:
        assert DigitReaderTransformer(n_jobs=n_jobs).fit_transform(paths).tolist() == strips[1]


def test_lines_and_whole_readings_may_be_had(paths, strips):
    lines = DigitReaderTransformer(output="lines").fit_transform(paths)
    assert lines.tolist() == [[text] for text in strips[1]]
    reading = DigitReaderTransformer(output="reading").fit_transform(paths)[0]
    assert [digit.box for digit in reading.digits] == [digit.box for digit in Reader().read(paths[0]).digits]


def test_the_model_and_the_threshold_are_used(paths):
    assert set("".join(DigitReaderTransformer(threshold=1.0).fit_transform(paths))) <= set("0123456789?\n")
    strict = DigitReaderTransformer(load("cnn"), threshold=1.0).fit_transform(paths)
    assert all("?" in text for text in strict)


def test_marks_are_given_unless_digits_alone_are_asked_for(monkeypatch):
    asked = []

    def read_many(reader, pictures, *, workers):
        asked.append(reader.marks)
        return iter([])

    monkeypatch.setattr(Reader, "read_many", read_many)
    DigitReaderTransformer().fit_transform([])
    DigitReaderTransformer(marks=False).fit_transform([])
    assert asked == [True, False]


def test_what_cannot_be_read_is_an_error_or_empty(paths, tmp_path):
    pictures = [paths[0], tmp_path / "none.png", b"rubbish"]
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        DigitReaderTransformer().fit_transform(pictures)
    with pytest.raises(PictureError, match="must be an undamaged picture file"):
        DigitReaderTransformer().fit_transform(pictures[2:])
    texts = DigitReaderTransformer(on_error="empty").fit_transform(pictures)
    assert texts[0]
    assert texts[1:].tolist() == ["", ""]
    readings = DigitReaderTransformer(on_error="empty", output="reading").fit_transform(pictures)
    assert "none.png" in readings[1].error


def test_it_is_cloned_pickled_and_needs_no_fit(paths, strips):
    reader = DigitReaderTransformer(load("cnn"), expect=r"\d{5}")
    again = pickle.loads(pickle.dumps(clone(reader)))
    assert again.get_params()["expect"] == r"\d{5}"
    assert again.transform(paths).tolist() == reader.transform(paths).tolist()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("photo.jpg", r"takes a list of pictures, got str: write \[picture\]"),
        (Image.new("L", (9, 9)), r"takes a list of pictures, got Image"),
        (None, "takes a list of pictures, got NoneType"),
        (np.zeros((28, 28)), r"an array of pictures is .*, got shape \(28, 28\): put a single picture in a list"),
        (np.array([["a", "b"]]), r"takes one column of pictures, got shape \(1, 2\)"),
    ],
    ids=["path", "picture", "nothing", "one array", "two columns"],
)
def test_what_is_no_list_of_pictures_is_refused(X, message):
    with pytest.raises(DataError, match=message):
        DigitReaderTransformer().transform(X)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(output="digits"), "takes as output one of 'text', 'lines', 'reading', got 'digits'"),
        (dict(on_error="skip"), "takes as on_error one of 'raise', 'empty', got 'skip'"),
        (dict(model="cnn"), "takes as model a Model, such as .* got 'cnn'"),
        (dict(threshold="half"), "takes as threshold a probability from 0 to 1, got 'half'"),
        (dict(marks="no"), "takes as marks True or False, got 'no'"),
        (dict(expect=5), "takes as expect a pattern, .* got 5"),
        (dict(n_jobs=0), "takes as n_jobs None, -1 or a whole number of 1 or more, got 0"),
        (dict(n_jobs=[1]), r"takes as n_jobs None, .* got \[1\]"),
        (dict(threshold=2), "a threshold is a probability from 0 to 1, got 2"),
        (dict(expect="("), "expect takes a pattern"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused_at_fit(settings, message):
    with pytest.raises(SettingError, match=message):
        DigitReaderTransformer(**settings).fit()
