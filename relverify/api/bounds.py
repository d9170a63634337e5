"""Theorems and the evaluation of their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relverify.api.reading import parse_box
from relverify.api.reading import relation as read_relation
from relverify.core.registry import theorem, theorems
from relverify.errors import InputError

if TYPE_CHECKING:
    from relverify.core.box import Box
    from relverify.core.evaluate import Enclosure
    from relverify.relations.relation import Relation


def list_theorems() -> list[dict[str, Any]]:
    """The table of theorems: label, title, status, sense, sharp, constructive.

    Examples
    --------
    >>> import relverify
    >>> "perturbation" in {row["label"] for row in relverify.list_theorems()}
    True
    """
    return [record.summary() for record in theorems().values()]


class BoundResult(dict[str, Any]):
    """The value of a bound: a mapping, equal to the JSON of the command, with its keys as attributes.

    Keys: ``label``, ``solved_for``, ``parameters``, ``value``, ``lo``, ``hi`` (decimal strings, the true value lies in
    [lo, hi]), ``integer`` (the certified count, or None), ``guarantee``, ``mpmath`` (the second opinion, which lies
    inside), ``digits``, ``assumed`` (hypotheses on a given relation that are neither proved nor refuted).
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def bound(
    label: str,
    values: Mapping[str, Any] | None = None,
    /,
    *,
    solve: str | None = None,
    digits: int = 50,
    relation: str | Relation | None = None,
    x: str | Box | None = None,
    y: str | Box | None = None,
    **named: Any,
) -> BoundResult:
    """Evaluate the bound of a theorem, or the theorem solved for a resource.

    Parameters
    ----------
    label : str
        The theorem.
    values : mapping, optional
        Exact values by the ASCII names of the symbols, as keywords too.
    solve : str, optional
        The symbol to solve for, for instance ``"n"``.
    digits : int
        Correct significant digits.
    relation : str or Relation, optional
        Computes the constants that the theorem asks of a relation.
    x, y : str or Box, optional
        The boxes of the relation; `y` defaults to `x`.

    Returns
    -------
    BoundResult

    Raises
    ------
    InputError
        If a value is missing, not exact, unknown or outside the hypotheses.

    Examples
    --------
    >>> import relverify
    >>> relverify.bound("grid-neurons", L=1, M=4, eps="1e-4", solve="n").integer
    100
    >>> relverify.bound("grid-neurons", relation="gaussian(ell=1/2)", x="[0,1]", eps="1e-3", solve="n").integer
    32
    """
    from relverify.rigor.exact import exact

    record = theorem(label)
    function = record.resource(solve) if solve else record.bound
    given: dict[str, Any] = {**(values or {}), **named}
    assumed: list[str] = []
    if relation is not None:
        given = {**_constants(record, function, relation, x, y, given, assumed), **given}
    result = function.evaluate(digits, given)
    return BoundResult(
        label=label,
        solved_for=solve,
        parameters={name: str(exact(value, name)) for name, value in given.items()},
        value=result.value,
        lo=result.lo,
        hi=result.hi,
        integer=function.count(given),
        guarantee="enclosed",
        mpmath=_decimal(result),
        digits=digits,
        assumed=assumed,
    )


def _decimal(result: Enclosure) -> str:
    import mpmath

    return str(mpmath.nstr(result.mpmath, result.shown, strip_zeros=True))


def _constants(
    record: Any,
    function: Any,
    text: str | Relation,
    x: str | Box | None,
    y: str | Box | None,
    given: Mapping[str, Any],
    assumed: list[str],
) -> dict[str, Any]:
    from relverify.relations.properties import constants

    if x is None:
        raise InputError("x", "has no value", 'a box such as "[0,1]" for the relation')
    x_box = parse_box(x, "x")
    y_box = parse_box(y, "y") if y is not None else x_box
    wanted = {s.name for s in function.symbols} - set(given)
    return constants(record, read_relation(text), x_box, y_box, wanted, assumed)


def show(label: str) -> dict[str, Any]:
    """Everything about a theorem, as the JSON of ``relverify show``.

    Examples
    --------
    >>> import relverify
    >>> relverify.show("perturbation")["sense"]
    'upper'
    """
    from relverify.core.render import as_json

    return as_json(theorem(label))


def new(label: str, folder: str | Path | None = None) -> Path:
    """Write the template of a new theorem; see :func:`relverify.core.template.new`."""
    from relverify.core.template import new as run

    return run(label, folder)
