"""Payment providers: who takes a customer's card for us, on a page of theirs. One interface, one literal registry."""
