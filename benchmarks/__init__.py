"""Measurements: what `make bench` runs. Every figure that is compared is a ratio inside one run."""
