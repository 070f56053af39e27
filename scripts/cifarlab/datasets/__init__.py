"""Data sets: read or made, kept and loaded. One module each; `registry` says what it has."""
