"""How people keep a list: the columns they chose, and the views they saved."""
