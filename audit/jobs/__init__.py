"""Long work that somebody asked for: in slices, with progress, stopped and resumed."""
