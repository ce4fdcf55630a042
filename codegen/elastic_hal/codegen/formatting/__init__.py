"""Lays WIT text out in the canonical style: one file at a time, without looking up what any name means."""
