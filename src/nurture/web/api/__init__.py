"""The HTTP API under /api/v1: what a shop's programs tell nurture and ask of it.

Only `web/server.py` loads it, as it builds the application: FastAPI takes its time, and no command but `nurture run`
needs it.
"""
