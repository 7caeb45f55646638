"""Random right modules of PyTorch's layers raise no alarm, and errors inside modules of coarse types are found."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "check"


@pytest.fixture
def benchmark(monkeypatch):
    """Return a way to import a script of benchmarks/check."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return lambda name: __import__(name)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_random_right_modules_raise_no_alarm(benchmark, number):
    verdict, why = benchmark("random_modules").verdict_of(number)
    assert verdict in ("right", "approximate"), why


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_an_error_inside_a_coarse_module_is_found_and_none_is_invented(benchmark, dtype):
    precision = benchmark("precision")
    assert precision.verdict_of("Linear(64, 64)", dtype, 1.0)[0] == "right"
    assert precision.verdict_of("Linear(64, 64)", dtype, precision.FACTORS[dtype])[0] == "wrong"
