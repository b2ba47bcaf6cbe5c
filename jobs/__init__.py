"""One file, one command; most are schedulable jobs. Only arrows: read, call builders, write."""
