"""Is this very matrix a product with these masks, or a limit of such products?"""
