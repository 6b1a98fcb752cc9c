"""What a printed proof is made of: words, formulas, pictures, curves; as text and as LaTeX."""
