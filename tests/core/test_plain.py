"""Short reStructuredText as plain text, as LaTeX, and escaped."""

import pytest

from relverify.core.plain import math_to_text, to_latex, to_rst, to_text


@pytest.mark.parametrize(
    ("math", "text"),
    [
        (r"\frac{L^2 M}{4 n^2}", "(L² M)/(4 n²)"),
        (r"\sup_{x,y}|r(x,y)|", "sup_(x,y)|r(x,y)|"),
        (r"\left\lceil\sqrt{M}\right\rceil", "⌈√M⌉"),
        (r"\hat{r} \ge \varepsilon_u", "r̂ ≥ ε_u"),
        (r"\langle\varphi(x),\psi(y)\rangle", "⟨φ(x),ψ(y)⟩"),
        (r"e^{-\beta\eta}", "e^(-βη)"),
    ],
)
def test_math_in_one_line(math: str, text: str) -> None:
    assert math_to_text(math) == text


def test_no_commands_remain() -> None:
    assert "\\" not in math_to_text(r"\mathrm{TV}\le\tanh(\beta\varepsilon_u/2)\, \left(\tfrac12\right)")


def test_roles_and_literals() -> None:
    source = "by :math:`x_1` and ``name=1``, see *symmetric* and :ref:`here <there>`"
    assert to_text(source) == "by x_1 and name=1, see symmetric and here"
    assert to_latex("50% of ``a_b``") == r"50\% of \texttt{a\_b}"


def test_plain_text_is_escaped_for_pages_and_roles_are_kept() -> None:
    assert to_rst("|x| and y* of :math:`|x|`") == r"\|x\| and y\* of :math:`|x|`"


def test_labels_become_links() -> None:
    def link(label: str) -> str | None:
        return "LINK" if label == "known" else None

    assert to_rst("*known* and *other*", link) == "LINK and *other*"
