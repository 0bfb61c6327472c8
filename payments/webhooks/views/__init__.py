"""The pages about what merchants' systems are told."""
