"""Settings for the whole suite."""

import flint
import mpmath
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _precisions_are_restored():
    """The working precisions are global; a test or a function that leaves one changed would change others."""
    before = mpmath.mp.prec, flint.ctx.prec
    yield
    after = mpmath.mp.prec, flint.ctx.prec
    mpmath.mp.prec, flint.ctx.prec = before
    assert after == before, "a working precision was left changed"
