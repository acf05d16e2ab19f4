"""The loops of the daemon: review, enroll, advance, send, record, and what wakes them."""
