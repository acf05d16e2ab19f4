"""The kinds of step, one a file, and the table of them in `kinds.py`."""
