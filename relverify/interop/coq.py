"""SymPy to Coq: the bounds of the theorem records as Coq definitions over the reals, with certificates.

``python -m relverify.interop.coq proofs/theories/Generated.v`` prints one definition and one certificate for
each theorem that names a formal proof. The bytes depend on the records only. The proofs in ``proofs/`` are
stated about these definitions, so that what Coq proves is the expression that relverify evaluates.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sympy as sp

from relverify.errors import InputError, UnknownNode
from relverify.rigor.decimals import decimal_string
from relverify.rigor.enclose import enclose, endpoints
from relverify.rigor.exact import exact, to_fmpq

MAX_EXPONENT = 64  # Coq's exponents are unary numbers
CERTIFICATE_PREC = 100  # below 60 the interval tactic may use the machine's floats as an axiom
_DIGITS = 17
_SLACK = sp.Rational(1, 10**15)

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# by class, not by name: a sp.Function("exp") is not exp
_FUNCTIONS = {sp.exp: "exp", sp.log: "ln", sp.sin: "sin", sp.cos: "cos", sp.atan: "atan", sp.tanh: "tanh"}
_FUNCTIONS[sp.Abs] = "Rabs"
_CONSTANTS = {sp.pi: "PI", sp.E: "(exp 1)"}
_KEYWORDS = (
    "as at cofix else end exists exists2 fix for forall fun if in let match return then using where with"
)
_RESERVED = frozenset(
    {*_KEYWORDS.split(), "Prop", "SProp", "Set", "Type", "R", "PI", "sqrt", *_FUNCTIONS.values()}
)


def identifier(symbol: sp.Symbol) -> str:
    """The Coq name of a symbol: its own, with an underscore where Coq has a use for that name.

    Raises
    ------
    InputError
        If the name is not an ASCII identifier.

    Examples
    --------
    >>> identifier(sp.Symbol("delta_f")), identifier(sp.Symbol("R"))
    ('delta_f', 'R_')
    """
    name = symbol.name
    if not _IDENTIFIER.fullmatch(name):
        raise InputError("symbol", f"{name!r} is not a Coq identifier", "ASCII letters, digits and _")
    return f"{name}_" if name in _RESERVED else name


def to_coq(expr: sp.Expr) -> str:
    """Print an expression as a Coq term over the reals.

    Numbers, symbols, +, *, integer and half-integer powers, exp, log, sin, cos, atan, tanh, Abs, Max, Min, pi
    and E are known. Coq's functions are total: ``/ 0``, ``ln`` and ``sqrt`` of negative numbers have values
    there, so that the domain of the expression belongs into the hypotheses of whatever is proved about it.

    Parameters
    ----------
    expr : Expr
        Real, without floats.

    Returns
    -------
    str
        Fully parenthesised, in a fixed order.

    Raises
    ------
    UnknownNode
        For any other operation, floats included.

    Examples
    --------
    >>> n, beta, eta = sp.symbols("n beta eta", positive=True)
    >>> to_coq(1 / (1 + (n - 1) * sp.exp(-beta * eta)))
    '(/ (((n - 1) * (exp (- (beta * eta)))) + 1))'
    >>> to_coq(sp.gamma(n))
    Traceback (most recent call last):
    ...
    relverify.errors.UnknownNode: no rigorous evaluation for the operation 'gamma'
    """
    if isinstance(expr, sp.Float):
        raise UnknownNode("Float")
    if isinstance(expr, sp.Rational):
        return _rational(expr)
    if isinstance(expr, sp.Symbol):
        return identifier(expr)
    if expr in _CONSTANTS:
        return _CONSTANTS[expr]
    match expr:
        case sp.Add():
            return _sum(expr)
        case sp.Mul():
            return _product(expr)
        case sp.Pow():
            return _power(expr)
        case sp.Max() | sp.Min():
            return _extremum(expr)
    if expr.func in _FUNCTIONS and len(expr.args) == 1:
        return f"({_FUNCTIONS[expr.func]} {to_coq(expr.args[0])})"
    raise UnknownNode(type(expr).__name__)


def _rational(value: sp.Rational) -> str:
    if not value.is_finite:
        raise UnknownNode(type(value).__name__)
    numerator = str(value.p) if value.p >= 0 else f"(- {-value.p})"
    return numerator if value.q == 1 else f"({numerator} / {value.q})"


def _sum(expr: sp.Add) -> str:
    text = ""
    for term in expr.as_ordered_terms():
        minus = bool(term.as_coeff_Mul()[0].is_negative)
        code = to_coq(-term if minus else term)
        if text:
            text += f" - {code}" if minus else f" + {code}"
        else:
            text = f"- {code}" if minus else code
    return f"({text})"


def _product(expr: sp.Mul) -> str:
    coefficient, rest = expr.as_coeff_Mul()
    if coefficient.is_negative:
        return f"(- {to_coq(-expr)})"
    if not coefficient.is_Rational or not coefficient.is_finite:
        raise UnknownNode(type(coefficient).__name__)
    above = [str(coefficient.p)] if coefficient.p != 1 else []
    below = [str(coefficient.q)] if coefficient.q != 1 else []
    for factor in rest.as_ordered_factors():
        if factor.is_Pow and factor.exp.is_Rational and factor.exp.is_negative:
            below.append(to_coq(sp.Pow(factor.base, -factor.exp)))
        else:
            above.append(to_coq(factor))
    numerator, denominator = " * ".join(above) or "1", " * ".join(below)
    if not below:
        return f"({numerator})"
    return f"({numerator} / ({denominator}))" if len(below) > 1 else f"({numerator} / {denominator})"


def _power(expr: sp.Pow) -> str:
    base, exponent = expr.base, expr.exp
    if not exponent.is_Rational or exponent.q not in (1, 2) or abs(exponent.p) > MAX_EXPONENT:
        raise UnknownNode("Pow")
    if exponent.is_negative:
        return f"(/ {to_coq(sp.Pow(base, -exponent))})"
    code = to_coq(base) if exponent.q == 1 else f"(sqrt {to_coq(base)})"
    return code if exponent.p == 1 else f"({code} ^ {exponent.p})"


def _extremum(expr: sp.Max | sp.Min) -> str:
    """The interval tactic knows no Rmax: the arithmetic forms are proved equal to it in Forms.v."""
    sign = "+" if isinstance(expr, sp.Max) else "-"
    first, *others = (to_coq(a) for a in sorted(expr.args, key=sp.default_sort_key))
    for other in others:
        first = f"(({first} + {other} {sign} Rabs ({first} - {other})) / 2)"
    return first


def definition(name: str, expr: sp.Expr, args: Sequence[sp.Symbol]) -> str:
    """Print a bound as a Coq function of real arguments.

    Parameters
    ----------
    name : str
        The name of the function.
    expr : Expr
    args : sequence of Symbol
        Every symbol of the expression, in the order of the arguments.

    Returns
    -------
    str
        The definition, ended by a newline.

    Raises
    ------
    InputError
        If a symbol is missing, or two arguments would have one name.

    Examples
    --------
    >>> K, d = sp.symbols("K delta")
    >>> print(definition("symmetric", 2 * K * d + d**2, (K, d)), end="")
    Definition symmetric (K delta : R) : R :=
      ((2 * K * delta) + (delta ^ 2)).
    """
    names = [identifier(symbol) for symbol in args]
    if len(set(names)) < len(names):
        raise InputError("args", f"{' '.join(names)} has a name twice", "distinct names")
    missing = sorted(symbol.name for symbol in expr.free_symbols - set(args))
    if missing:
        raise InputError("args", f"{', '.join(missing)} is missing", "every symbol of the expression")
    binders = f" ({' '.join(names)} : R)" if names else ""
    return f"Definition {_name(name)}{binders} : R :=\n  {to_coq(expr)}.\n"


def certificate(name: str, expr: sp.Expr, point: Mapping[sp.Symbol, Any]) -> str:
    """Print the claim that a defined bound has its enclosed value at one point, and its proof.

    The ends come from Arb, the proof from Coq's own interval arithmetic on the printed term: a printer that
    changes the value of the expression there cannot pass.

    Parameters
    ----------
    name : str
        The name under which `expr` is defined.
    expr : Expr
    point : mapping of Symbol to exact number
        In the order of the arguments of the definition.

    Returns
    -------
    str
        The lemma, ended by a newline. Its ends are rationals of 17 digits, 1e-15 of the value apart from it.

    Raises
    ------
    InputError
        If the value at the point is not enclosed.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> print(certificate("root", sp.sqrt(x), {x: 2}), end="")
    Lemma root_certificate :
      (14142135623730936 / 10 ^ 16) <=
      root 2
      <= (14142135623730965 / 10 ^ 16).
    Proof. unfold root; rewrite <- ?tanh_form; interval with (i_prec 100). Qed.
    """
    values = {symbol: exact(value, symbol.name) for symbol, value in point.items()}
    ball = enclose(expr, values, prec=128)
    if not ball.is_finite():
        raise InputError("point", f"the value of {name} there is not enclosed", "a point of the domain")
    below, above = (sp.Rational(int(end.p), int(end.q)) for end in endpoints(ball))
    slack = max(abs(below), abs(above)) * _SLACK or _SLACK
    low = _decimal(decimal_string(to_fmpq(below - slack), _DIGITS, "down"))
    high = _decimal(decimal_string(to_fmpq(above + slack), _DIGITS, "up"))
    call = " ".join([_name(name), *(to_coq(value) for value in values.values())])
    return (
        f"Lemma {name}_certificate :\n  {low} <=\n  {call}\n  <= {high}.\n"
        f"Proof. unfold {name}; rewrite <- ?tanh_form; interval with (i_prec {CERTIFICATE_PREC}). Qed.\n"
    )


def _decimal(text: str) -> str:
    sign, digits, exponent = Decimal(text).as_tuple()
    mantissa = ("- " if sign else "") + "".join(map(str, digits))
    assert isinstance(exponent, int)  # finite
    return (
        f"({mantissa} {'/' if exponent < 0 else '*'} 10 ^ {abs(exponent)})" if exponent else f"({mantissa})"
    )


def _name(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
        raise InputError("name", f"{name!r} cannot name a Coq definition", "ASCII letters, digits and _")
    return name


@dataclass(frozen=True)
class Bound:
    """A bound to print, and the theorem that is claimed to prove it.

    Parameters
    ----------
    label : str
        Lower-case words with hyphens.
    expr : Expr
    file : str
        Below ``proofs/``.
    lemma : str
        A theorem in that file whose statement contains the printed bound.
    """

    label: str
    expr: sp.Expr
    file: str
    lemma: str

    @property
    def name(self) -> str:
        """The Coq name of the bound."""
        return f"{self.label.replace('-', '_')}_bound"

    @property
    def args(self) -> tuple[sp.Symbol, ...]:
        """The symbols in the order of their names, so that a record can be rearranged without a new proof."""
        return tuple(sorted(self.expr.free_symbols, key=lambda symbol: symbol.name))

    def point(self) -> dict[sp.Symbol, sp.Rational]:
        """One fixed exact parameter point: fractions below 1, for integer symbols integers from 3 on.

        Examples
        --------
        >>> n, eta = sp.Symbol("n", integer=True), sp.Symbol("eta", positive=True)
        >>> Bound("example", n * eta, "theories/Link.v", "example").point()
        {eta: 2/5, n: 4}
        """
        return {
            symbol: sp.Integer(3 + k) if symbol.is_integer else sp.Rational(k + 2, 2 * k + 5)
            for k, symbol in enumerate(self.args)
        }


_HEADER = """\
(* Printed by relverify.interop.coq from the theorem records; do not edit. *)
From Coq Require Import Reals.
From Interval Require Import Tactic.
From Relverify Require Import Forms.
Open Scope R_scope.
"""


def render(bounds: Iterable[Bound]) -> str:
    """The Coq file for some bounds.

    Returns
    -------
    str
        The definitions and certificates in the order of the labels. Each is preceded by a comment that names
        the label, the file, the theorem and the definition; ``proofs/audit.py`` reads it.
    """
    parts = [_HEADER]
    for bound in sorted(bounds, key=lambda bound: bound.label):
        parts += [
            f"(* claim {bound.label} {bound.file} {bound.lemma} {bound.name} *)\n"
            + definition(bound.name, bound.expr, bound.args),
            certificate(bound.name, bound.expr, bound.point()),
        ]
    return "\n".join(parts)


def registered_bounds() -> list[Bound]:
    """The bounds of all theorem records that name a formal proof."""
    from relverify.core.registry import theorems

    return [
        Bound(label, theorem.formal().bound, theorem.formal_proof.file, theorem.formal_proof.lemma)
        for label, theorem in sorted(theorems().items())
        if theorem.formal_proof is not None
    ]


def generate(out_path: str | Path, bounds: Iterable[Bound] | None = None) -> bool:
    """Write the Coq file, unless it already has these bytes.

    Parameters
    ----------
    out_path : str or Path
    bounds : iterable of Bound, optional
        By default those of the registry.

    Returns
    -------
    bool
        Whether the file changed; an unchanged file keeps its time, so that nothing is proved again.
    """
    path = Path(out_path)
    data = render(registered_bounds() if bounds is None else bounds).encode("ascii")
    if path.is_file() and path.read_bytes() == data:
        return False
    temporary = path.with_name(f".{path.name}.{os.getpid()}.cache")
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m relverify.interop.coq OUT``."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m relverify.interop.coq OUT.v", file=sys.stderr)
        return 64
    try:
        changed = generate(arguments[0])
    except (InputError, UnknownNode, OSError) as error:
        print(f"relverify.interop.coq: {error}", file=sys.stderr)
        return 64
    print(f"{arguments[0]}: {'written' if changed else 'up to date'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
