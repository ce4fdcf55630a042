"""What every room may use: the root of all errors, files that are read with care, text fit for a terminal."""
