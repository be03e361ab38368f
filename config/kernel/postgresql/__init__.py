"""Django's PostgreSQL backend, telling the server which company is in scope (settings: DATABASES' ENGINE)."""
