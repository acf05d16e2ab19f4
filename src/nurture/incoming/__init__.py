"""WHAT COMES IN: what providers, mail servers, shops and people tell us, read into one vocabulary."""
