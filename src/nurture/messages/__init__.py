"""WHAT IT SAYS: templates compiled once and rendered often, links, headers, MIME."""
