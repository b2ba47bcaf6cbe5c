"""Landed dumps become tables: one module a table, each builder a function from frames to a frame."""
