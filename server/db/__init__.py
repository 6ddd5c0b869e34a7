"""One PostgreSQL: opening and closing it, migrations, and the embedded server of demo and tests."""
