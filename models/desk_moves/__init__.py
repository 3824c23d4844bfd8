"""A whole desk that goes into another database: from SQLite to PostgreSQL and back, or into another file."""
