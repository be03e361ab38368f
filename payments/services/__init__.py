"""What one can do with money and the bank, one verb at a time."""
