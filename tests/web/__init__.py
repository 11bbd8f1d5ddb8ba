"""The pages, as those see them who use them."""
