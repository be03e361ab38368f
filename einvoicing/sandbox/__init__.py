"""A remote platform in a box: it speaks the real wire protocol, keeps its own state, and fails on demand.

It stands for another company's system: no foreign key to our rows, its own process, its own tables.
"""
