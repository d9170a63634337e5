"""Exact rationals to decimal strings, rounded in a stated direction."""

from __future__ import annotations

from typing import Literal

from flint import fmpq, fmpz

Direction = Literal["down", "up", "nearest"]


def decimal_string(value: fmpq, digits: int, direction: Direction = "nearest") -> str:
    """Write a rational number with significant decimal digits.

    Parameters
    ----------
    value : fmpq
    digits : int
        Significant digits, at least 1. A value with fewer is written out exactly.
    direction : {"down", "up", "nearest"}
        Towards minus infinity, towards plus infinity, or to nearest.

    Returns
    -------
    str
        Plain decimals between 1e-6 and 1e21, scientific notation outside.

    Examples
    --------
    >>> decimal_string(fmpq(2, 3), 4, "down"), decimal_string(fmpq(2, 3), 4, "up")
    ('0.6666', '0.6667')
    >>> decimal_string(fmpq(1, 8), 50), decimal_string(fmpq(-1, 10**9), 5, "down")
    ('0.125', '-1e-9')
    """
    if value == 0:
        return "0"
    exponent = _magnitude(abs(value))
    scaled = value * fmpq(10) ** (digits - 1 - exponent)
    integer = _round(scaled, direction)
    if abs(integer) >= fmpz(10) ** digits:
        integer, exponent = integer / 10, exponent + 1
    sign = "-" if integer < 0 else ""
    text = str(abs(integer)).rstrip("0") or "0"
    if text == "0":
        return "0"
    if -7 < exponent < 21:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{text}"
        whole = text[: exponent + 1].ljust(exponent + 1, "0")
        fraction = text[exponent + 1 :]
        return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
    mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return f"{sign}{mantissa}e{exponent}"


def _magnitude(value: fmpq) -> int:
    """The exponent e with 10**e <= value < 10**(e+1)."""
    exponent = len(str(value.p)) - len(str(value.q))
    return exponent if value >= fmpq(10) ** exponent else exponent - 1


def _round(value: fmpq, direction: Direction) -> fmpz:
    if direction == "down":
        return value.floor()
    if direction == "up":
        return value.ceil()
    return (value + fmpq(1, 2)).floor()
