"""DID IT GO: outcomes, what a relay's answer means, when to try again."""
