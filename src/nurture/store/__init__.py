"""The only room that knows SQL: tables on one page, queries by noun, migrations."""
