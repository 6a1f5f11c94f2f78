"""Whose a request is, and how much each person may use."""
