"""The suite target: conformance guests for the interfaces of a contract, from cases that `elastic_hal.conformance`
loads and checks.
"""
