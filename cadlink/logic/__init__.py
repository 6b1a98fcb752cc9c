"""First-order formulas over exact polynomials: built, simplified, written and read."""
