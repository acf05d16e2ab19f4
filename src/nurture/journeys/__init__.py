"""WHAT NEXT: campaigns as programs of steps, and what is decided for one contact at one of them."""
