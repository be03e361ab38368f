"""Lists from other software (`imports.py` of each app declares what may come): a file is read, its columns are
confirmed, all its rows are checked, then every row is taken over in one transaction, or none."""
