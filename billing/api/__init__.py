"""Products, orders, invoices and credit notes for partner systems."""
