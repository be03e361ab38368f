"""What runs by itself, as people and monitors see it."""
