"""The figures that the study of 2024 published, computed again from its own tables, and what is left when corrected."""
