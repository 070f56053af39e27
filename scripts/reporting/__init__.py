"""The report: content gathered from result files, figures, templates. Imports no torch."""
