"""Every theorem is compared with values that were worked out without its expressions."""

import re
from pathlib import Path

from relverify.core.registry import theorems


def test_no_theorem_is_left_out():
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    compared = set(re.findall(r"\b(\w+)\.THEOREM\b", text)) | set(re.findall(r"import (\w+) as \w+", text))
    assert {label.replace("-", "_") for label in theorems()} <= compared
