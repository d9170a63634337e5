"""Random instances that follow from their seed alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def by_the_seed_alone() -> Iterator[None]:
    """Hypothesis draws no constants that it found in the source of modules.

    It takes them from those modules outside site-packages that happen to be loaded, so that the same seed gives other
    instances after other work in the same process. Its own fixed constants stay.
    """
    providers: Any = import_module("hypothesis.internal.conjecture.providers")
    finds = getattr(providers, "_get_local_constants", None)
    if finds is None:  # versions that do not look for any
        yield
        return
    none = providers.Constants()
    providers._get_local_constants = lambda: none
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        providers._get_local_constants = finds
        providers.CONSTANTS_CACHE.cache.clear()
