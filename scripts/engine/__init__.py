"""What carries jobs: records, staleness, files, downloads, leases, progress. It makes no number."""

from engine.garbage import look_seldom

# Every command imports this package, and most of them before the large libraries.
look_seldom()
