"""Chorus Pro in a box, behind a PISTE gateway of its own: the real paths, both credentials, both vocabularies."""
