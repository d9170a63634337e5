"""One table of symbols."""

import keyword
import re

import pytest
import sympy as sp

from relverify.core import symbols
from relverify.core.registry import theorems
from relverify.core.symbols import domain, latex, symbol


def test_names_are_plain_and_unique():
    table = symbols._TABLE
    for name, entry in table.items():
        assert symbol(name) is entry and entry.name == name
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and not keyword.iskeyword(name)
        assert getattr(symbols, name) is entry
        assert entry.is_real is True


@pytest.mark.parametrize("label", theorems())
def test_theorems_use_the_table_and_give_every_symbol_a_meaning(label):
    formal = theorems()[label].formal()
    names = [q.symbol.name for q in formal.quantities]
    assert len(names) == len(set(names))
    for quantity in formal.quantities:
        assert symbol(quantity.symbol.name) == quantity.symbol
        assert quantity.meaning.strip()
    known = {q.symbol for q in formal.quantities}
    for hypothesis in formal.hypotheses:
        assert isinstance(hypothesis, str) or hypothesis.free_symbols <= known
    for name, resource in formal.solve.items():
        assert formal.symbol(name) not in resource.expression.free_symbols


def test_domains_in_words():
    assert [domain(symbol(n)) for n in ("eps", "K", "x", "n", "N")] == [
        "real > 0",
        "real >= 0",
        "real",
        "integer >= 1",
        "integer >= 0",
    ]
    assert domain(sp.Symbol("q", integer=True)) == "integer"


def test_typesetting():
    assert latex(symbol("eps_u") / 2 + symbol("n_x")) == r"\frac{\varepsilon_u}{2} + n_{x}"
    with pytest.raises(KeyError):
        symbol("nonsense")
