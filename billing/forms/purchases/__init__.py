"""What people type about purchases and suppliers."""
