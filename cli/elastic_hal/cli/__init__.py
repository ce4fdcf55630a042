"""The command `elastic-hal`: wires the other folders together and holds no logic of theirs."""
