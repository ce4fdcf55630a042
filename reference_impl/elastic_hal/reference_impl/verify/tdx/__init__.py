"""Appraisal of Intel TDX quotes."""
