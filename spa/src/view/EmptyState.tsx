import { useEffect } from "preact/hooks";
import { brand, spoken } from "../brand";
import { type MessageKey, t } from "../i18n";
import { AlertIcon } from "./icons";
import { loadMarkdown } from "./Markdown";

/** What the agent says of itself when it is warmed. */
interface Agent {
  readonly model?: string | undefined;
  readonly tools?: readonly { readonly name: string; readonly description?: string }[] | undefined;
}

interface Example {
  readonly title: MessageKey;
  readonly prompt: string;
}

/** The id that `make dev` gives the model of its local Bedrock (local/model.py). */
const OFFLINE_MODEL = "anthropic.claude-offline";

export const isOffline = (agent: Agent | undefined): boolean => agent?.model === OFFLINE_MODEL;

/** The offline model knows these by their English words. */
const OFFLINE: readonly Example[] = [
  { title: "empty.calculate", prompt: "What is 25 * 4? Show your work." },
  { title: "empty.stream", prompt: "Count to 20" },
  { title: "empty.page", prompt: "Show me a markdown page" },
  { title: "empty.remember", prompt: "My lucky number is 12" },
];

const EXAMPLES: readonly (readonly [title: MessageKey, prompt: MessageKey])[] = [
  ["empty.calculate", "empty.calculatePrompt"],
  ["empty.explain", "empty.explainPrompt"],
  ["empty.compare", "empty.comparePrompt"],
  ["empty.write", "empty.writePrompt"],
];

/** A conversation that has not begun: what the agent is, what it can use, and what one might ask. */
export function EmptyState({
  agent,
  onChoose,
}: {
  agent: Agent | undefined;
  onChoose: (prompt: string) => void;
}) {
  // So that the first answer finds it there.
  useEffect(() => void loadMarkdown(), []);
  const offline = isOffline(agent);
  const examples = starters(offline);
  const tools = agent?.tools ?? [];
  return (
    <div class="empty">
      <h2>{brand.greeting ? spoken(brand.greeting) : t("empty.title")}</h2>
      {offline && (
        <div class="banner">
          <AlertIcon />
          <p>
            <strong>{t("empty.offlineTitle")}</strong> {t("empty.offline")}
          </p>
        </div>
      )}
      <ul class="examples" aria-label={t("empty.examples")}>
        {examples.map(({ title, prompt }) => (
          <li key={title}>
            <button type="button" onClick={() => onChoose(prompt)}>
              <span class="example-title">{title}</span>
              <span class="example-prompt" dir="auto">
                {prompt}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {tools.length > 0 && (
        <section class="tools">
          <h3>{t("empty.tools")}</h3>
          <ul>
            {tools.map(({ name, description }) => (
              <li key={name}>
                <code>{name}</code>
                {description && <span dir="auto">{firstSentence(description)}</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

/** What one might ask: the brand's own, or what the model that answers knows. */
function starters(offline: boolean): { title: string; prompt: string }[] {
  if (brand.starters)
    return brand.starters.map(({ title, prompt }) => ({
      title: spoken(title),
      prompt: spoken(prompt),
    }));
  return offline
    ? OFFLINE.map(({ title, prompt }) => ({ title: t(title), prompt }))
    : EXAMPLES.map(([title, prompt]) => ({ title: t(title), prompt: t(prompt) }));
}

/** A tool's description is written for the model; its first sentence serves people. */
function firstSentence(description: string): string {
  // A full stop before a small letter or a number is an abbreviation's.
  const sentence = /^[\s\S]*?(?:[.!?](?=\s+\p{Lu}|$)|。)/u.exec(description.trim());
  return sentence?.[0] ?? description.trim();
}
