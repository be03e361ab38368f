"""How partner systems drive the product: who calls, what they may do, and the manners every route shares.

A route is a method of an `ApiView` (view.py) under `@operation(...)`: who may, what comes in, what goes out. Beneath it
small decorators say what only some routes have: `@repeatable`, `@versioned` and `@conditional`, `@created`, `@public`,
`@expandable`, `@documented`. A method without an operation is refused by the house tests.
"""
