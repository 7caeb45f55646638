import importlib

import pytest

EXPORT = """Sketch ending_of from_json from_onnx from_torch has_onnx largest_difference load to_json to_onnx to_torch
translate"""
IMAGES = """Piece Source at_working_size cut_apart find_pieces find_rules ink_on_paper lightness_skew mnist_form
open_picture thresholds without_rules"""
OLD = {
    "inkgrad.export": EXPORT.split(),
    "inkgrad.estimator": ["DigitReaderTransformer", "NetworkClassifier", "NetworkRegressor"],
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in OLD.items() for name in names])
def test_the_old_import_paths_give_what_lies_in_interop(path, name):
    found = getattr(importlib.import_module(path), name)
    home = ".".join(found.__module__.split(".")[:3])
    assert home.startswith("inkgrad.interop.")
    there = importlib.import_module("inkgrad.interop" if home.endswith(".load") else home)
    assert getattr(there, name) is found


@pytest.mark.parametrize("name", IMAGES.split())
def test_the_old_path_of_pictures_gives_what_lies_there(name):
    images, pictures = (importlib.import_module(path) for path in ("inkgrad.images", "inkgrad.pictures"))
    assert getattr(images, name) is getattr(pictures, name)


def test_a_missing_extra_is_known_by_its_old_path_too():
    import inkgrad.errors
    import inkgrad.estimator

    assert inkgrad.estimator.MissingExtra is inkgrad.errors.MissingExtra
