"""What docs/wire.md describes: requests as they are read, events and answers as they are sent."""
