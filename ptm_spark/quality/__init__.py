"""The gate: measures of each table in one pass, judged by a Great Expectations suite, before anything is published."""
