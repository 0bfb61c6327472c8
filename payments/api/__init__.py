"""The API of payments: translates a call into one query or one command, and the answer back."""
