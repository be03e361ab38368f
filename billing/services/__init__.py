"""What one can do in billing, one verb at a time."""
