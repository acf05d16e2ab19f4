"""The HTTP API under /api/v1: what a shop's programs tell nurture and ask of it.

FastAPI takes its time to load, so only the process that serves does; lint-imports holds the commands to it.
"""
