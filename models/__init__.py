"""The tables of a desk: rows, queries, search, blobs, migrations."""
