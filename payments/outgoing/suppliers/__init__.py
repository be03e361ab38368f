"""What we pay to suppliers: payments recorded, runs prepared by one and confirmed by another, their orders."""
