"""WHAT THEY DID: hits, who or what made them, and what follows from them."""
