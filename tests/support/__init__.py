"""What several test modules share."""

import os
import re
import shutil
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or shutil.which("chromium-browser"))  # "" for none
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed: apt-get install chromium")


def name_of(value):
    """Return the name of a test's parameter, the same in every process; a function's text has an address."""
    return re.sub(r"<(?:built-in )?(?:function|method) (.*?) (?:of type object )?at 0x\w+>", r"\1", str(value))
