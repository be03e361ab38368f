"""What people ask of the books."""
