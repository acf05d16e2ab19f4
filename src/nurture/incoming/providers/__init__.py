"""What mail providers tell us: a file for each, with its signature and its table into the words of `heard`."""
