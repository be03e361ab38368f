"""The customer's own pages: an invoice, or all that is open, by a signed link and without an account.

The product's only pages for strangers besides the sign-in. Whoever holds a link sees the documents of one customer of
one company, and may tell the company something; nothing here records money but a paid checkout of its provider.
"""
