"""Bytes between guests and host at the speed of memory: adapters that are composed with components when they load.

wasmtime-py carries a list element by element. An adapter, a small component between the guest and the host, takes the
lists in its own memory, where wasmtime copies them as a whole, and tells the host where they lie. This package writes
adapters and composes them with guests; the host's side is in `elastic_hal.runtime.abi.window`.
"""
