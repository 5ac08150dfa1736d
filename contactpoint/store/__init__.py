"""Rows that outlive the process, on SQLite or PostgreSQL, through one code path.

A room hands a function to `Database.read` or `Database.write`; it never sees an engine, a session or a commit.
Nothing here decides: what a row means is `contactpoint.domain`'s affair.
"""
