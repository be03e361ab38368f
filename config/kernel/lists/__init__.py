"""What every list of the product does alike: pages, its columns as one chooses them, views that are saved, its file."""
