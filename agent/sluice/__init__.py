"""Sluice's agent: a Strands agent behind AgentCore's HTTP contract, speaking AG-UI 1.0.

A request travels downwards through these modules. On the server's loop: body (size and JSON), app,
service, request, owner, runs (who is under way), responses (which follow a run's log). On the
worker loop, in a thread of its own: performance (one message, from its claim to its terminal
event), opening (a conversation, put in order), engine (Strands, and what it calls), and beside it
keeper, which writes the run to threads and store as it proceeds; actions, which is all the rest.

Everything but engine and what it imports is light, because a cold process answers /ping and sends
RUN_STARTED while loader still imports Strands in another thread.
"""
