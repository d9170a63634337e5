"""Hypothesis strategies whose examples are exact: constructed to satisfy their hypotheses, never filtered."""
