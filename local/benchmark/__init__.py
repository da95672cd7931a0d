"""How long the program takes: `python -m local.benchmark`, or `make bench-preview`."""
