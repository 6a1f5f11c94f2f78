"""How Strands answers a run: its agent, its events as AG-UI's, its failures and its end."""
