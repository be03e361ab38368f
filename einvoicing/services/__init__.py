"""What one can do in e-invoicing, one verb at a time."""
