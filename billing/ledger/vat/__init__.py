"""VAT in the books: what waits for its payment, what is due, what is deducted, and its returns."""
