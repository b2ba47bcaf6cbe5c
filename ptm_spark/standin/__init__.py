"""The stand-in: an invented Hub, complete with its own truth, for tests and demos that must not go out."""
