// The official AG-UI client, as anybody would use it, against a whole stack.
//
// Environment: CHAT_URL, TOKEN, CLIENT (folder whose node_modules holds @ag-ui/client).
// Prints one JSON object: the messages that the client made of two turns, and what it saw.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENT}/package.json`);
const { HttpAgent } = require("@ag-ui/client");

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
for (const content of ["What is 25 * 4? Show your work.", "Now divide that by 10"]) {
  agent.addMessage({ id: crypto.randomUUID(), role: "user", content });
  await agent.runAgent(
    {},
    {
      onEvent: ({ event }) => void seen.push(event.type),
      onRunFailed: ({ error }) => void failures.push(String(error)),
    },
  );
}
console.log(JSON.stringify({ threadId, messages: agent.messages, seen, failures }));
