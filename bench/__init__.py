"""What is claimed to be fast, measured: `make bench`, `make bench ONLY=pipelined`.

Nothing of it runs in production. See docs/performance.md.
"""
