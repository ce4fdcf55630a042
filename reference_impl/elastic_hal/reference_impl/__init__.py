"""See README.md of the folder."""
