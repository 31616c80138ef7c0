"""HTTP: one thin blueprint a surface, one gate before all of them."""
