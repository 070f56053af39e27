"""Training: recipes, the loop, what happens in a step, validation."""
