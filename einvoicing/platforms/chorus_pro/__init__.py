"""Chorus Pro, the State's portal for invoices to public bodies, through the PISTE gateway."""
