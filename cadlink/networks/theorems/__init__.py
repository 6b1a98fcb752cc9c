"""One module per family of theorems: the statement, a proof, and the search for its data."""
