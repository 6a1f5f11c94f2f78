"""Bytes by key, in a folder or in S3, written only where they are what the writer last read."""
