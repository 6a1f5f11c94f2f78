// The official AG-UI client, as anybody would use it, against a whole stack.
//
// Environment: CHAT_URL, TOKEN, CLIENT (folder whose node_modules holds @ag-ui/client), STEPS (JSON):
// each step is a run. `say` is the person's message, `give` the result of the client's pending tool,
// `reply` the payload for each open interrupt; `tools` are the client's.
// Prints one JSON object: the messages that the client made of all runs, and what it saw.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENT}/package.json`);
const { HttpAgent, buildResumeArray } = require("@ag-ui/client");

const threadId = crypto.randomUUID();
const agent = new HttpAgent({
  url: process.env.CHAT_URL,
  threadId,
  headers: {
    Authorization: `Bearer ${process.env.TOKEN}`,
    "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": threadId,
  },
});

const seen = [];
const failures = [];
const outcomes = [];
for (const { say, give, reply, tools = [] } of JSON.parse(process.env.STEPS)) {
  const id = crypto.randomUUID();
  if (say) agent.addMessage({ id, role: "user", content: say });
  if (give) {
    const [toolCallId] = outcomes.at(-1).pendingToolCallIds;
    agent.addMessage({ id, role: "tool", toolCallId, content: give });
  }
  const open = agent.pendingInterrupts;
  const replies = open.map((each) => [each.id, { status: "resolved", payload: reply }]);
  await agent.runAgent(
    { tools, ...(reply ? { resume: buildResumeArray(open, Object.fromEntries(replies)) } : {}) },
    {
      onEvent: ({ event }) => {
        seen.push(event.type);
        if (event.type === "RUN_FINISHED") outcomes.push(event.outcome);
      },
      onRunFailed: ({ error }) => void failures.push(String(error)),
    },
  );
}
console.log(JSON.stringify({ threadId, messages: agent.messages, seen, outcomes, failures }));
