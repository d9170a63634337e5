"""Certificates: proved two-sided bounds of the error of a network, and proved lower bounds of its size.

The package is the function of the library too: ``relverify.certify(...)`` is :func:`relverify.api.certify`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from relverify.api import certify

        return certify(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
