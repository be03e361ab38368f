"""Buying: what suppliers send us is checked, approved, booked on 401 and settled; and orders to hold it against."""
