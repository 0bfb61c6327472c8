"""What a person sets for himself, and what roles hold."""
