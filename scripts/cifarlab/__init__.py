"""What the commands in scripts/ share. It knows nothing of Snakemake and reads no configuration."""
