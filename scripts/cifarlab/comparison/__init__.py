"""All runs side by side, and what was published. Imports no torch."""
