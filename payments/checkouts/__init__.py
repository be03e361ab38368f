"""« Payer par carte »: a checkout is opened at the company's provider, followed until it is over, and recorded once."""
