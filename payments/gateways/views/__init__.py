"""Where providers send their events, and where people look at them."""
