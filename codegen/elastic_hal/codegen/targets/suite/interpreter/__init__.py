"""The part of every conformance guest that is the same for all: it reads cases as data, calls the bindings, and
reports a line at a time.

These modules are copied into each guest. They import the standard library only, and all of it when they are loaded: a
guest has no files to import from later.
"""
