"""Dated sums: what was owed, received and billed by day, kept by the database beside the documents they follow from.

`payments_dated_facts` (SQL) says what every document means for a figure and on which day: it is the definition. A
trigger writes each fact as it happens into `PendingSum`, rows that nobody waits for; a sweep folds them into `DatedSum`
(by day and by month) and `CustomerBalance`. A figure is the sum of both, in one statement: right at every moment.
`verify_chain` computes all of it again from the documents.
"""
