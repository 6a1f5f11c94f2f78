"""What Sluice's agent is measured beside: each a server, started as `python FILE PORT`."""
