"""What a guest author has: modules that a guest imports, and tooling of the host that makes and builds guest projects.

Guest modules: `attestation`, `capabilities`, `clock`, `crypto`, `errors`, `program`, `randomness`, `storage`, and the
generated `bindings` under them. Host tooling: `project` and `build`.

Nothing is imported here: a guest has only the interfaces of its own world, and importing a module of another fails.
"""
