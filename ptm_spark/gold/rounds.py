"""How many surrogates a test gets: few to see that there is nothing, many where much depends on it."""

import zlib
from collections.abc import Callable
from typing import Protocol, TypeVar

#: surrogates of each stage; with p above the bound beside it the stage is the last
_STAGES = ((99, 0.1), (999, 0.002), (4_999, 0.0))


class _Tested(Protocol):
    @property
    def p(self) -> float | None: ...


Test = TypeVar("Test", bound=_Tested)


def in_stages(test: Callable[[int], Test]) -> Test:
    """The test with 99 surrogates; with 999 where these left p at 0.1 or below; with 4,999 where those did at 0.002.

    Most series have nothing to show, and the second digit of their p says nothing more; of hundreds adjusted together
    the clearest need a p far below 0.001 (the idea of sequential Monte Carlo tests: Besag & Clifford 1991, Biometrika
    78, 301-304). It makes no test find more where there is nothing: whoever is found at a level up to 0.1 has been
    found at it by 999 surrogates or, up to 0.002, by 4,999.
    """
    for rounds, bound in _STAGES:
        found = test(rounds)
        if found.p is None or found.p > bound:
            break
    return found


def seed_of(*names: str) -> int:
    """A fixed seed of a series' own, so that its p does not depend on which others there are."""
    return zlib.crc32("/".join(names).encode())
