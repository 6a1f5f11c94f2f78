"""Sluice's agent: a Strands agent behind AgentCore's HTTP contract, speaking AG-UI 1.0.

A request travels downwards through these modules: body (size and JSON), app (the entry point),
owner, request, run (its own task and event log), engine (model, tools, conversation), translation.
Everything up to and including run is import-light, because a cold process answers /ping and sends
RUN_STARTED while Strands is still being imported in another thread.
"""
