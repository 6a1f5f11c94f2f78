"""`make doctor`: what is wrong, what it should be, and what fixes it."""
