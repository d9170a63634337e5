"""What goes wrong, said in one line."""

from __future__ import annotations

import re


class InputError(ValueError):
    """Input that cannot be accepted.

    Parameters
    ----------
    argument : str
        The name of the argument as the caller wrote it.
    problem : str
        What is wrong with it.
    accepted : str, optional
        What would have been accepted.

    Examples
    --------
    >>> print(InputError("eps", "0 is not positive", "a number > 0"))
    eps: 0 is not positive; accepted: a number > 0
    """

    def __init__(self, argument: str, problem: str, accepted: str = "") -> None:
        self.argument = argument
        self.problem = problem
        self.accepted = accepted
        text = f"{argument}: {_brief(problem)}"
        if accepted:
            text += f"; accepted: {accepted}"
        super().__init__(" ".join(text.split()))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        # as an error travels from a worker process to the one that waits for it
        return type(self), (self.argument, self.problem, self.accepted)


def _brief(text: str) -> str:
    """Text whose long numbers are cut to their first digits."""
    return re.sub(r"[0-9]{41,}", lambda m: f"{m[0][:12]}...({len(m[0])} digits)", text)


class UnknownNode(TypeError):
    """An expression contains an operation for which there is no rigorous evaluation.

    Parameters
    ----------
    name : str
        The name of the operation.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no rigorous evaluation for the operation {name!r}")


class Disagreement(ArithmeticError):
    """The second opinion (mpmath) lies outside the enclosure: one of the two is wrong."""


class MissingDependency(ImportError):
    """An optional dependency is needed for this operation.

    Parameters
    ----------
    package : str
        The package that cannot be imported.
    extra : str
        The extra of relverify that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(f"{package} is not installed; install it with: pip install 'relverify[{extra}]'")
