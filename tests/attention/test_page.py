"""The examples of the page about attention run as they stand."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "attention.rst"


def test_examples():
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert found.attempted > 15 and not found.failed
