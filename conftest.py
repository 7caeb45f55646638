"""What needs a package that is not installed is skipped, in tests and in the modules collected for doctests alike."""

import pytest

from inkgrad.errors import MissingExtra

OPTIONAL = {  # what test modules import and a bare installation of the checking tools need not have
    "fsspec",
    "huggingface_hub",
    "jax",
    "markdown",
    "playwright",
    "pyarrow",
    "ray",
    "sklearn",
    "starlette",
    "tensorboardX",
    "torch",
    "yaml",
}


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if report.failed and (lack := lacking(report.call.excinfo.value)):
        report.outcome, report.longrepr = "skipped", (__file__, None, lack)  # all of one reason on one line
    return report


def lacking(error):
    """Return what an error says is not installed, "" where it says something else; pytest wraps errors of imports."""
    for each in (error, error.__cause__):
        if isinstance(each, MissingExtra):
            return str(each)
        package = (getattr(each, "name", None) or "").partition(".")[0]
        if isinstance(each, ModuleNotFoundError) and package in OPTIONAL:
            return f"{package} is not installed"
    return ""
