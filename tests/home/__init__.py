"""The home page, the search, the settings of a company."""
