"""Reads. Each names what it fetches with it, and its order."""
