"""Moving a whole desk into another database: from SQLite to PostgreSQL and back, or into another file."""
