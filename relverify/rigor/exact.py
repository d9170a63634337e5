"""Exact numbers in: integers, rationals, decimals as written, square roots and pi; never a stray float."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpq, fmpz

from relverify.errors import InputError
from relverify.rigor.parse import parse_expression

# the commonest texts need no parser
_PLAIN = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(?:/([1-9][0-9]{0,17})|\.([0-9]{1,18}))?")
MAX_BITS = 14_000
ACCEPTED = 'exact numbers such as 3, 1/7, "0.1", "1e-3", "sqrt(2)", "pi"'


def exact(value: Any, name: str = "value") -> sp.Expr:
    """Read an exact real number.

    Parameters
    ----------
    value : int, Fraction, fmpz, fmpq, str or SymPy number
        Decimals in text are read as written: ``"0.1"`` is 1/10. A float is refused, since its author rarely means
        the binary fraction that it is; :func:`dyadic` reads one deliberately.
    name : str, optional
        How errors name the value.

    Returns
    -------
    Expr
        A finite real SymPy number without floats.

    Raises
    ------
    InputError
        If the value is not exact, not real or not finite.

    Examples
    --------
    >>> exact("0.1"), exact(3), exact("sqrt(2)/2")
    (1/10, 3, sqrt(2)/2)
    >>> exact(0.1)
    Traceback (most recent call last):
    ...
    relverify.errors.InputError: value: 0.1 is a float; accepted: exact numbers such as 3, 1/7, "0.1", ...
    """
    if isinstance(value, str):
        return _from_text(value, name)
    if isinstance(value, bool) or value is None:
        raise InputError(name, f"{value} is not a number", ACCEPTED)
    if isinstance(value, int | Fraction):
        # Python refuses to write longer integers, so that no message could name the value
        if max(abs(value.numerator), value.denominator).bit_length() > MAX_BITS:
            raise InputError(name, f"has more than {MAX_BITS} bits", ACCEPTED)
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, fmpz | fmpq):
        return from_fmpq(fmpq(value))
    if isinstance(value, sp.Expr):
        if value.has(sp.Float) or not value.is_number or value.is_real is not True or value.is_finite is False:
            raise InputError(name, f"{value} is not an exact real number", ACCEPTED)
        return value
    kind = "float" if isinstance(value, float) else type(value).__name__
    raise InputError(name, f"{value!r} is a {kind}", ACCEPTED)


def plain(text: str) -> tuple[int, int] | None:
    """Numerator and positive denominator of the commonest texts, which need no parser; None for others.

    Examples
    --------
    >>> plain("3"), plain("-2/7"), plain("0.5")
    ((3, 1), (-2, 7), (5, 10))
    >>> plain("sqrt(2)") is plain("1/0") is None
    True
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    whole, below, fraction = match.groups(default="")
    return int(whole + fraction), int(below) if below else 10 ** len(fraction)


@lru_cache(maxsize=4096)
def _from_text(text: str, name: str) -> sp.Expr:
    if (ratio := plain(text)) is not None:
        return sp.Rational(*ratio)
    value = parse_expression(text, argument=name)
    if value.is_real is not True:
        raise InputError(name, f"{text} is not a real number", ACCEPTED)
    return value


def to_fmpq(value: Any, name: str = "value") -> fmpq:
    """Turn an exact rational number into a FLINT rational.

    Examples
    --------
    >>> to_fmpq("0.125")
    1/8
    """
    if isinstance(value, fmpq):
        return value
    number = exact(value, name)
    if not number.is_Rational:
        raise InputError(name, f"{number} is not rational", "a rational number")
    return fmpq(int(number.p), int(number.q))


def from_fmpq(value: fmpq) -> sp.Rational:
    """Turn a FLINT rational into a SymPy one.

    Examples
    --------
    >>> from_fmpq(fmpq(1, 8))
    1/8
    """
    return sp.Rational(int(value.p), int(value.q))


def dyadic(value: float) -> fmpq:
    """The exact rational value of a float64.

    Examples
    --------
    >>> dyadic(0.1)
    3602879701896397/36028797018963968
    """
    try:
        return fmpq(*float(value).as_integer_ratio())
    except (OverflowError, ValueError):
        raise InputError("value", f"{value} is not finite", "a finite float64") from None
