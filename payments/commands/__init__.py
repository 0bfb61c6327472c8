"""The public use cases of payments, each one transaction."""
