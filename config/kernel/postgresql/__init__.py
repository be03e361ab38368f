"""Django's PostgreSQL backend, announcing to the server the scope (settings: DATABASES' ENGINE)."""
