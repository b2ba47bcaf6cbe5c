"""Errors that a person reads: each names the thing, what was expected and what to do; each knows its exit code."""


class PtmError(Exception):
    """Something went wrong that the user can act on; the message is one line. Exit code 1."""

    exit_code = 1


class UsageError(PtmError):
    """A command, option or setting that does not exist or does not fit. Exit code 2."""

    exit_code = 2


class EnvironmentUnfitError(PtmError):
    """The machine lacks what the command needs (Java, jars, a package version). Exit code 2."""

    exit_code = 2


class GateError(PtmError):
    """The quality gate stopped a run; nothing was published. Exit code 3.

    ``crawls`` are those to blame, ``rules`` the ``subject|rule`` that failed.
    """

    exit_code = 3

    def __init__(self, message: str, *, crawls: tuple[str, ...] = (), rules: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.crawls, self.rules = crawls, rules


class LandingError(PtmError):
    """A dump or a landing folder cannot be taken as it is. Exit code 1."""


class ContractError(PtmError):
    """A frame does not fulfil the contract of its table. Exit code 1."""


class BusyError(PtmError):
    """Another process works on the same lake or crawl. Exit code 1."""


class CrawlError(PtmError):
    """A crawl cannot go on: the service refuses, is gone, or answers against its contract. Exit code 1."""


class InterruptedCrawlError(PtmError):
    """A crawl was told to stop and has put down where it stands; ``exit_code`` is 130 or 143, by the signal."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
