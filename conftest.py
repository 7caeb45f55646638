"""Tests wherever they are: what is not installed is skipped, some share a process, and a second run can do the rest.

The first half is for tests and for the modules collected for doctests alike.  The second is what CI does: in a bare
environment with `--passed-to FILE`, and then, with all packages, `--but FILE` for what has not passed yet.
"""

from pathlib import Path

import pytest

from inkgrad.errors import MissingExtra

OPTIONAL = {  # what test modules import and a bare installation of the checking tools need not have
    "fsspec",
    "huggingface_hub",
    "jax",
    "markdown",
    "optuna",
    "playwright",
    "pyarrow",
    "ray",
    "sklearn",
    "starlette",
    "tensorboardX",
    "torch",
    "yaml",
}


TOGETHER = {  # tests that one process of several runs, by how their names begin; what takes longest is begun first
    "tests/distributed/": "ray",  # each process would start a Ray of its own
    "tests/check/test_zoo_modern.py": "modern zoo",  # of which each mistake is checked once for several tests
    "tests/check/test_zoo.py": "zoo",
    "tests/docs/test_docs_site.py": "site",  # which is built once
    "tests/web/test_web_browser.py": "browser",
}


def group_of(nodeid):
    return next((group for start, group in TOGETHER.items() if nodeid.startswith(start)), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        """Hands out the tests of a function, or of a group, to one process, in the order in which they are collected.

        To hand out tests one by one takes 25 s more, for 17,000 of them.
        """

        def _split_scope(self, nodeid):
            return group_of(nodeid) or nodeid.partition("[")[0]

    return Together(config, log)


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


def pytest_addoption(parser):
    parser.addoption("--passed-to", metavar="FILE", type=Path, help="write the names of the tests that pass to FILE")
    parser.addoption("--but", metavar="FILE", type=Path, help="leave out the tests that FILE names")


def pytest_configure(config):
    but = config.getoption("but")
    if but and not but.is_file():
        raise pytest.UsageError(f"--but: there is no file {but}: write it with --passed-to {but} first")
    file = config.getoption("passed_to")
    if file and not hasattr(config, "workerinput"):  # one of several processes tells the first of them
        config.pluginmanager.register(Passed(file))


class Passed:
    """Writes the name of each test that passes into a file, a line each."""

    def __init__(self, file):
        self.file = file
        self.file.write_text("")

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            with self.file.open("a") as names:
                print(repr(report.nodeid), file=names)


def pytest_collection_modifyitems(config, items):
    groups = [*dict.fromkeys(TOGETHER.values()), None]
    items.sort(key=lambda item: groups.index(group_of(item.nodeid)))
    if file := config.getoption("but"):
        done = set(file.read_text().splitlines())
        left_out = [item for item in items if repr(item.nodeid) in done]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if repr(item.nodeid) not in done]
