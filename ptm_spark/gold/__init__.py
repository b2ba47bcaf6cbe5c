"""Silver becomes answers: trends and documentation aggregates, each a function of tables and a moment."""
