"""Money that goes back: refunds of a customer's credit, payments that bounced, and the files a bank pays from."""
