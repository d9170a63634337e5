"""Entry point of Hypothesis: exact strategies for the exact types, loaded with Hypothesis itself."""

from __future__ import annotations


def register() -> None:
    """Teach ``st.from_type`` the rational numbers of FLINT."""
    from flint import fmpq
    from hypothesis import strategies as st

    st.register_type_strategy(fmpq, st.fractions().map(lambda q: fmpq(q.numerator, q.denominator)))
