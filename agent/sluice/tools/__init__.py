"""The tools that the agent may call.

Importing this package, or `servers`, imports no Strands: the settings are read with it.
"""
