"""The ground of the simulated remote services: their accounts, what they remember, and their failures on demand.

Each app keeps its simulators in its own `sandbox/`. They stand for other companies' systems: no key of our rows.
"""
