"""Runs template.yaml on this machine: `python -m local`."""
