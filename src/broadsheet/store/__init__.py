"""The SQL database of a library: tables, migrations and queries."""
