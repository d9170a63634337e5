"""Entry point of Hypothesis: exact strategies for the exact types, loaded with Hypothesis itself."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Teach ``st.from_type`` the rational numbers and matrices of FLINT."""
    from flint import fmpq, fmpq_mat
    from hypothesis import strategies as st

    def matrices(_: Any) -> Any:
        from relverify.strategies.matrices import general

        return general()

    st.register_type_strategy(fmpq, st.fractions().map(lambda q: fmpq(q.numerator, q.denominator)))
    st.register_type_strategy(fmpq_mat, matrices)
