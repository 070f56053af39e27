"""Models: their families, how they are built, and the weights that they start from."""
