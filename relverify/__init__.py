"""Proved error bounds, neuron counts and certificates for inner-product networks and attention.

The names below are loaded on first use; importing the package itself is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relverify._version import __version__

if TYPE_CHECKING:
    from relverify import certify
    from relverify.api import (
        audit,
        bound,
        check,
        compare,
        limits,
        list_theorems,
        new,
        parse_box,
        relation,
        report,
        show,
        smallest,
        synthesize,
        theorem,
        train,
        verify,
    )
    from relverify.certify.engine import matrix_certificate
    from relverify.certify.vertex import vertex_certificate
    from relverify.errors import InputError
    from relverify.networks.files import load, save
    from relverify.networks.mlp import MLP

_HOME = {
    **dict.fromkeys(
        (
            "audit", "bound", "check", "compare", "limits", "list_theorems", "new", "parse_box", "relation",
            "report", "show", "smallest", "synthesize", "theorem", "train", "verify",
        ),
        "relverify.api",
    ),
    "certify": "relverify.certify",
    "matrix_certificate": "relverify.certify.engine",
    "vertex_certificate": "relverify.certify.vertex",
    "load": "relverify.networks.files",
    "save": "relverify.networks.files",
    "MLP": "relverify.networks.mlp",
    "InputError": "relverify.errors",
}

__all__ = [
    "MLP",
    "InputError",
    "__version__",
    "audit",
    "bound",
    "certify",
    "check",
    "compare",
    "limits",
    "list_theorems",
    "load",
    "matrix_certificate",
    "new",
    "parse_box",
    "relation",
    "report",
    "save",
    "show",
    "smallest",
    "synthesize",
    "theorem",
    "train",
    "verify",
    "vertex_certificate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'relverify' has no attribute {name!r}")
    from importlib import import_module

    # the package `certify` is called like a function
    return import_module("relverify.certify") if name == "certify" else getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
