"""WHO: contacts, what is known of them, what they agreed to, and expressions over all that."""
