"""Families of transformers: how their configuration and their weights are named.

A new family is one new module with a constant ``FAMILY``; the audit then reads it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from relverify.attention.families.family import Architecture, Config, Family, LayerWeights
from relverify.errors import InputError

__all__ = ["Architecture", "Config", "Family", "LayerWeights", "families", "family"]


@functools.cache
def families() -> Mapping[str, Family]:
    """All families, by the ``model_type`` of their configuration.

    Examples
    --------
    >>> {"bert", "gpt2", "llama"} <= set(families())
    True
    """
    found: dict[str, Family] = {}
    for info in pkgutil.iter_modules(__path__):
        record = getattr(importlib.import_module(f"{__name__}.{info.name}"), "FAMILY", None)
        if isinstance(record, Family):
            found.update(dict.fromkeys(record.model_types, record))
    return MappingProxyType(dict(sorted(found.items())))


def family(model_type: object) -> Family:
    """The family of a ``model_type``.

    Raises
    ------
    InputError
        If none reads it.

    Examples
    --------
    >>> "roberta" in family("bert").model_types
    True
    """
    record = families().get(model_type) if isinstance(model_type, str) else None
    if record is None:
        raise InputError("config", f"the model_type {str(model_type)[:60]!r} is not known", ", ".join(families()))
    return record
