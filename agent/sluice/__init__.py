"""Sluice's agent: your agent behind AgentCore's HTTP contract, speaking AG-UI 1.0.

A user's agent.py imports `Run` from here, and nothing else.

A request travels downwards through these packages; each imports only what stands below it.

app, server    AgentCore's contract over HTTP, and how the process ends.
serving        a request to its answer: service, then run_executor (one message, from its claim to
               its terminal event) or actions, which is all the rest; and loader, which imports
               what the first event does not wait for.
agent_runner   how agent.py answers a run: the file, its agents, their events, failures and stops.
tools          what the agent may call, each tool in time and in bounds.
models         the model that SLUICE_MODEL names, and what it has used.
runs           runs as logs that responses follow, and beside each a checkpointer that stores it.
threads        threads as they are stored, and what a model is sent of them.
auth           whose a request is, and how much each person may use.
agui           docs/wire.md: requests as they are read, events and answers as they are sent.
storage        bytes by key, in a folder or in S3.
telemetry      log lines, metrics and traces, without content.
settings, network, mcp_servers, service_error, aws, api
               what the environment says, the way to a server, the one exception that people read,
               AWS clients, and what agent.py is given.

agent_runner, tools and models import Strands, and loader imports them in another thread: a cold
process answers /ping and sends RUN_STARTED without (tests/agent/test_layers.py).
"""

from sluice.api import Run

__all__ = ["Run"]
