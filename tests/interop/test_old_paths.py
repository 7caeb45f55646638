import importlib

import pytest


@pytest.mark.parametrize("old", ["inkgrad.export", "inkgrad.estimator"])
def test_the_old_import_paths_give_what_lies_in_interop(old):
    face = importlib.import_module(old)
    for name in face.__all__:
        assert getattr(face, name).__module__.startswith(("inkgrad.interop.", "inkgrad.errors"))
