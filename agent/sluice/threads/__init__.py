"""Conversations as they are stored, and what a model is sent of them."""
