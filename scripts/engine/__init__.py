"""What carries jobs: records, staleness, files, downloads, leases, progress. It makes no number."""
