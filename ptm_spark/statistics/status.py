"""What may be said of a figure: one vocabulary for all statistics."""

from typing import Literal, get_args

Status = Literal[
    # the figure is what its name says
    "ok",
    # fewer observed values than the figure needs; what could not be computed is None
    "too_short",
    # counts that add up to nothing, so that there is no share of them
    "empty",
    # all observed values (of one of the two series) are the same
    "constant",
    # a variance came out as zero or negative: the figure is that of the plainer method, or None where there is none
    "variance_undefined",
    # computed, but on too few points to support a claim either way
    "underpowered",
    # too persistent to be told from a random walk (lag-1 autocorrelation of 0.98): p under AR(1) may be too small
    "near_unit_root",
]

STATUSES: tuple[Status, ...] = get_args(Status)
