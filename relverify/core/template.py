"""The file that ``relverify new`` writes: a complete small theorem to be changed into the new one."""

from __future__ import annotations

import re
from pathlib import Path

from relverify.errors import InputError

_TEMPLATE = '''"""TITLE."""

from __future__ import annotations

from typing import Any

from relverify.core.theorem import Formal, Instance, Mutant, Quantity, Source, Theorem


def formal() -> Formal:
    from relverify.core.steps import Inequality
    from relverify.core.symbols import a, b

    return Formal(
        quantities=(Quantity(a, "the first number"), Quantity(b, "the second number")),
        bound=(a**2 + b**2) / 2,
        bounded="ab",
        steps=(Inequality(a * b, "<=", (a**2 + b**2) / 2, "The square of a - b is not negative."),),
    )


def _instance(a: Any, b: Any) -> Instance:
    import sympy as sp

    from relverify.rigor.enclose import enclose

    product = sp.Rational(a) * sp.Rational(b)
    return Instance(
        {"a": sp.Rational(a), "b": sp.Rational(b)}, lambda prec: enclose(product, prec=prec), f"a={a}, b={b}", product
    )


def instances() -> Any:
    from hypothesis import strategies as st

    from relverify.strategies.numbers import rationals

    return st.builds(_instance, rationals(-5, 5), rationals(-5, 5))


def extremal() -> Instance:
    return _instance(3, 3)


THEOREM = Theorem(
    label="LABEL",
    title="TITLE",
    status="classical",
    sense="upper",
    constructive=False,
    sharp=True,
    statement="For real numbers, :math:`ab\\\\le(a^2+b^2)/2`.",
    source=Source("steele2004"),
    formal=formal,
    instances=instances,
    extremal=extremal,
    mutants=(Mutant("a-third", "3 in place of 2", extremal, lambda f: f.bound * 2 / 3),),
)
'''


def new(label: str, folder: str | Path | None = None) -> Path:
    """Write the file of a new theorem, which passes the conformance kit as it stands.

    Parameters
    ----------
    label : str
        Lower-case words with hyphens.
    folder : path, optional
        By default the folder of the theorems of this package.

    Returns
    -------
    Path
        The new file; nothing is overwritten.

    Raises
    ------
    InputError
        If the label is not well formed or is taken.
    """
    if not isinstance(label, str) or len(label) > 60 or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", label):
        shown = str(label)[:60]
        raise InputError("label", f"{shown!r} is not a label", "lower-case words with hyphens, such as my-theorem")
    target = Path(folder) if folder else Path(__file__).parent.parent / "theorems"
    path = target / f"{label.replace('-', '_')}.py"
    if not target.is_dir():
        raise InputError("out", f"{target} is not a folder", "an existing folder")
    text = _TEMPLATE.replace("LABEL", label).replace("TITLE", label.replace("-", " ").capitalize())
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError("label", f"{path.name} exists", "a new label") from None
    except OSError as error:
        raise InputError("out", f"{path} cannot be written ({error.strerror})", "a writable folder") from None
    return path
