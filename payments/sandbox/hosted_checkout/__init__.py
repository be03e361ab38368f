"""A simulated payment provider: its interface, the page on which a customer pays, its messages and its reports."""
