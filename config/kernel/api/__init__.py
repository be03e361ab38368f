"""How partner systems drive the product: who calls, what they may do, and the manners every route shares.

A route is a method of an `ApiView` under `@operation(...)`, which says everything of it: who may, what comes in, what
goes out, whether it can be repeated. A method without one is refused by the house tests.
"""
