"""The interfaces that Linux gives to confidential guests, below a root directory that an emulator can stand in for."""
