"""Statistics of short monthly series: pure functions of numbers, which know no Spark, no frames and no tables."""
