"""Runs: their logs, which responses follow, and how they get into the store as they proceed."""
