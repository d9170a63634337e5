"""Settings for the whole suite."""

import signal

import flint
import mpmath
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# a shell without job control ignores Ctrl-C in what it starts in the background, and so would commands that tests start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _precisions_are_restored():
    """Working precisions and the length of series are global: a test that leaves one changed would change others."""
    before = mpmath.mp.prec, flint.ctx.prec, flint.ctx.cap
    yield
    after = mpmath.mp.prec, flint.ctx.prec, flint.ctx.cap
    mpmath.mp.prec, flint.ctx.prec, flint.ctx.cap = before
    assert after == before, "a working precision was left changed"
