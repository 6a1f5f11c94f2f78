"""A graph of two agents: a writer, then a critic who has the last word."""

from sluice import Run
from strands import Agent
from strands.multiagent import GraphBuilder
from strands.multiagent.graph import Graph


def build_agent(run: Run) -> Graph:
    """The nodes are steps on the wire; what each says is a message of the answer."""
    writer = Agent(
        name="writer",
        model=run.model,
        tools=run.tools,
        system_prompt="Answer the person's question in a short draft.",
    )
    critic = Agent(
        name="critic",
        model=run.model,
        system_prompt="Name the draft's worst mistake, then write the better answer.",
    )
    graph = GraphBuilder()
    graph.add_node(writer, "writer")
    graph.add_node(critic, "critic")
    graph.add_edge("writer", "critic")
    graph.set_max_node_executions(2)
    return graph.build()
