"""Any approved platform that speaks the AFNOR flow service (XP Z12-013, version 1.3.0)."""
