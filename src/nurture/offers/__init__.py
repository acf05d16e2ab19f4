"""WHAT FOR: offers, their codes, and what to recommend."""
