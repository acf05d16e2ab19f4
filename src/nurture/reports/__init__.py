"""WHAT IT DID: rates, funnels, and whether care goes on after the sale."""
