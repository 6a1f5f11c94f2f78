import type { ToolPart, ToolState } from "../conversation";
import { AlertIcon, CheckIcon, ChevronIcon, SpinnerIcon } from "./icons";

const STATES: Record<ToolState, { label: string; Icon: typeof CheckIcon }> = {
  running: { label: "running", Icon: SpinnerIcon },
  done: { label: "done", Icon: CheckIcon },
  failed: { label: "failed", Icon: AlertIcon },
};

/** One tool call, folded to a line: which tool, what it was asked, how it stands. */
export function ToolCard({ tool }: { tool: ToolPart }) {
  const state = tool.state.value;
  const { label, Icon } = STATES[state];
  return (
    <details class="tool" data-name={tool.name} data-state={state}>
      <summary>
        <span class="tool-state">
          <Icon />
        </span>
        <span class="tool-name">{tool.name}</span>
        <code class="tool-gist">{gist(tool.args.value)}</code>
        <span class="tool-label">{label}</span>
        <span class="tool-fold">
          <ChevronIcon />
        </span>
      </summary>
      <dl>
        <dt>Arguments</dt>
        <dd>
          <pre tabIndex={0}>{pretty(tool.args.value) || "none"}</pre>
        </dd>
        <dt>Result</dt>
        <dd>
          <pre tabIndex={0}>
            {tool.result.value || (state === "running" ? "not there yet" : "none")}
          </pre>
        </dd>
      </dl>
    </details>
  );
}

/** The arguments' values in one line; nothing until their JSON is whole. */
function gist(args: string): string {
  const value = parsed(args);
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value)
    .map((each) => (typeof each === "string" ? each : JSON.stringify(each)))
    .join(", ");
}

function pretty(args: string): string {
  const value = parsed(args);
  return value === undefined ? args : JSON.stringify(value, null, 2);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
