"""A desk in a PostgreSQL database. Imported for a postgresql:// URL only: psycopg takes 100 ms."""
