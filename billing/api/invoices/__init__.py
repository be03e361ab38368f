"""Invoices as partner systems read and write them: the words, shapes and bodies of the routes under /api/invoices."""
