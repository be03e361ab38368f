"""The wire formats of electronic invoicing: CII, UBL, Factur-X, CDAR. Plain Python: values in, bytes out, and back."""
