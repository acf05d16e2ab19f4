"""What shops tell us: a file for each, with its signature and what its orders are as rows."""
