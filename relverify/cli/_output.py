"""How the commands print: JSON, lines, a spinner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relverify.certify.result import ExecutedCertificate, MatrixCertificate
    from relverify.certify.vertex import VertexCertificate


def console(stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr)


def status(quiet: bool) -> Any:
    """A spinner on standard error that shows what is being proved."""
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Any:
        with console(True).status("starting") as status:
            yield lambda text: status.update(str(text))

    return shown()


def print_json(data: Any) -> int:
    print(json.dumps(data, ensure_ascii=False, allow_nan=False))
    return 0


def between(certificate: VertexCertificate | MatrixCertificate | ExecutedCertificate) -> str:
    """The proved bounds of an error, rounded outwards to few digits."""
    from relverify.rigor.decimals import decimal_string

    low = decimal_string(certificate.lower, 4, "down")
    if certificate.upper is None:
        return f"at least {low}, proved; no upper bound: {certificate.reason}"
    high = decimal_string(certificate.upper, 4, "up")
    return f"between {low} and {high}, proved"


def print_lines(lines: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}")
