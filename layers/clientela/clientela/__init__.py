"""Customer accounts for online stores: the domain, in rooms by capability.

A room uses only the rooms below it (`.importlinter`); docs/architecture.md draws them. Inside a
room a noun is a module and a verb is a function.
"""
