"""Aged balances: what each third party owes, or is owed, as of any day, by document and to the cent of its account.

Everything is read from the lines of the account (411; 401 and 404). Each line belongs to a document: an invoice with
its credit notes, a payment, a line typed by hand. What settles what only moves amounts between documents, so that
their sum is the balance of the account whatever was matched.

A matching counts by the latest day of what it ties, not by when somebody clicked: the receipt of the 5th pays the
invoice of the 2nd on the 5th. Two bounds keep the past as it was: what is undone later stood then, and what is matched
after the books of a day were closed for good changes nothing of that day.
"""
