"""All runs side by side, and beside what was published. Imports no torch."""
