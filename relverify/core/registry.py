"""Discovery of theorems: by a walk over the folder and by the entry point ``relverify.theorems``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType

from relverify.core.theorem import Theorem
from relverify.errors import InputError

ENTRY_POINT = "relverify.theorems"


@functools.cache
def theorems() -> Mapping[str, Theorem]:
    """All theorems by label, in the order of their labels.

    A third party adds its own by an entry point in the group ``relverify.theorems`` that names a package or a module.

    Returns
    -------
    mapping of str to Theorem

    Examples
    --------
    >>> theorems()["perturbation"].status
    'classical'
    """
    found: dict[str, Theorem] = {}
    packages: list[ModuleType] = [importlib.import_module("relverify.theorems")]
    packages += [entry.load() for entry in sorted(entry_points(group=ENTRY_POINT), key=lambda e: e.name)]
    for package in packages:
        for module in _modules(package):
            theorem = getattr(module, "THEOREM", None)
            if not isinstance(theorem, Theorem):
                raise TypeError(f"{module.__name__} has no constant THEOREM")
            if module.__name__.rpartition(".")[2] != theorem.label.replace("-", "_"):
                raise TypeError(f"{module.__name__} holds the theorem {theorem.label}: the names must agree")
            if theorem.label in found:
                raise TypeError(f"two theorems are called {theorem.label}")
            found[theorem.label] = theorem
    return MappingProxyType(dict(sorted(found.items())))


def theorem(label: str) -> Theorem:
    """One theorem by its label.

    Raises
    ------
    InputError
        If there is none.
    """
    known = theorems()
    if not isinstance(label, str) or label not in known:
        import difflib

        text = str(label)[:60]
        near = difflib.get_close_matches(text, known, n=3, cutoff=0.4) or list(known)
        raise InputError("label", f"there is no theorem {text!r}", ", ".join(near))
    return known[label]


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    if not hasattr(package, "__path__"):
        yield package
        return
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{info.name}")
