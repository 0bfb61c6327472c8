"""Pages of payments: each translates one request to one query or one command, then answers."""
