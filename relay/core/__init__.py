"""Hub types and stream transformations: pure values and functions, no I/O."""
