"""Activations: one file each, found by a walk over this folder.

A new activation is one new module with a constant ``ACTIVATION``; networks, certificates and tests then know it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from relverify.activations.activation import Activation
from relverify.errors import InputError

__all__ = ["Activation", "activation", "activations"]


@functools.cache
def activations() -> Mapping[str, Activation]:
    """All activations by name.

    Examples
    --------
    >>> sorted(activations())[:3]
    ['gelu', 'identity', 'leaky_relu']
    """
    found: dict[str, Activation] = {}
    for info in pkgutil.iter_modules(__path__):
        record = getattr(importlib.import_module(f"{__name__}.{info.name}"), "ACTIVATION", None)
        if isinstance(record, Activation):
            found[record.name] = record
    return MappingProxyType(dict(sorted(found.items())))


def activation(name: str) -> Activation:
    """An activation by name.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> activation("relu").kinks
    (0.0,)
    """
    try:
        return activations()[name]
    except (KeyError, TypeError):
        raise InputError("activation", f"{str(name)[:40]!r} is unknown", ", ".join(activations())) from None
