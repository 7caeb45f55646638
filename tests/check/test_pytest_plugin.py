"""The fixture `gradcheck`: what is right passes, what is wrong or cannot be told fails, and says what to do."""

from importlib.util import find_spec

import pytest

pytest_plugins = ["pytester"]

HEAD = """
import numpy as np

def slope(x):
    return 1 - np.tanh(x) ** 2

x = np.linspace(-1, 1, 6)
"""


@pytest.fixture
def outcome(pytester):
    """Return what pytest makes, in a process of its own, of tests of one line, which may call gradcheck."""

    def run(*lines, head=HEAD, options=()):
        tests = [f"def test_{k}(gradcheck):\n    {line}\n" for k, line in enumerate(lines)]
        pytester.makepyfile("\n\n".join([head, *tests]))
        quiet = "-q", "-p", "no:cacheprovider", "-W", "ignore:Module already imported"  # the editable install's
        return pytester.runpytest_subprocess(*quiet, *options, timeout=120)

    return run


def test_what_is_right_passes_in_silence(outcome):
    found = outcome("assert gradcheck(np.tanh, lambda dy, x: dy * slope(x), x).verdict == 'right'")
    found.assert_outcomes(passed=1, warnings=0)


def test_what_is_wrong_fails_with_the_finding_and_the_table(outcome):
    found = outcome("gradcheck(np.tanh, lambda dy, x: -dy * slope(x), x)")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["tanh: the gradient is wrong in 1 place", "x: sign: dx is right but for its sign"])
    found.stdout.fnmatch_lines(["gradient of *verdict *off by *", "x *wrong *"])
    found.stdout.no_fnmatch_line("*Traceback*")


def test_what_cannot_be_told_fails_and_says_of_what_and_what_to_do(outcome):
    found = outcome("gradcheck(np.tanh, lambda dy, x: dy * slope(x), x, sensitivity=1e-14)")
    found.assert_outcomes(failed=1)
    text = " ".join(found.stdout.str().split())
    assert "it cannot be told whether the gradient is right: of dx no error under" in text
    assert "try float64, larger arrays or other inputs, or ask for less with sensitivity" in text


NEAR = "gradcheck(np.tanh, lambda dy, w: dy * slope(w) * (1 + 2e-5 * np.sin(9 * w)), x{})"


def test_what_is_approximate_passes_with_a_warning_of_its_size(outcome):
    found = outcome(NEAR.format(""))
    found.assert_outcomes(passed=1, warnings=1)
    found.stdout.fnmatch_lines(["*UserWarning: tanh: the gradient is approximate: dx is off by 1*e-05 of its size*"])


def test_what_is_approximate_fails_where_it_must_be_exact(outcome):
    found = outcome(NEAR.format(", exact=True"))
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*the gradient is wrong*"])


def test_the_warning_points_at_the_test(outcome):
    found = outcome(NEAR.format(""), options=("-W", "error:tanh:UserWarning"))
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines([">*gradcheck(np.tanh*"])


def test_where_there_is_nothing_to_check_the_test_fails_in_one_line(outcome):
    found = outcome("gradcheck(np.tanh, lambda dy, x: dy, np.arange(3))")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*there is no array of floating-point numbers*"])
    found.stdout.no_fnmatch_line("*Traceback*")


# Whether a library is there is asked without importing it: pytester forgets what was imported during a test, and
# neither can be imported twice.


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.slow
def test_tensors_are_known_wherever_they_are(outcome):
    found = outcome(
        "gradcheck(torch.nn.Linear(3, 2), torch.ones(4, 3))",
        "gradcheck(torch.nn.Identity(), torch.ones(3))",
        "gradcheck(lambda p: p['w'].tanh(), {'w': torch.ones(3)})",
        "gradcheck(lambda x, mask: x * mask, torch.ones(3), torch.ones(3, dtype=torch.bool))",
        "gradcheck(lambda x: x.detach().tanh(), torch.ones(3))",
        head="import torch",
    )
    found.assert_outcomes(passed=4, failed=1)
    found.stdout.fnmatch_lines(["x: zero*"])


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.slow
def test_arrays_of_jax_are_known_wherever_they_are(outcome):
    found = outcome(
        "gradcheck(jnp.tanh, jnp.ones(3))",
        "gradcheck(lambda p: jnp.tanh(p['w']), {'w': jnp.ones(3)})",
        "gradcheck(lambda x: jnp.tanh(jax.lax.stop_gradient(x)), jnp.ones(3))",
        head="import jax, jax.numpy as jnp",
    )
    found.assert_outcomes(passed=2, failed=1)
    found.stdout.fnmatch_lines(["x: zero*"])
