"""Acts on many rows of a list: declared by the apps (`bulk.py` of each), frozen when they are confirmed, carried out by
a worker row by row through the same services as one by one, in the name of who asked."""
