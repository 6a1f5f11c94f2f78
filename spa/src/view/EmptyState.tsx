/** Prompts that any model can answer, the offline one included. */
const EXAMPLES = [
  { title: "Work something out", prompt: "What is 25 * 4? Show your work." },
  { title: "Watch it stream", prompt: "Count to 20" },
  { title: "See what it can write", prompt: "Show me a markdown page" },
  { title: "Tell it something to keep", prompt: "My lucky number is 12" },
];

export function EmptyState({ onChoose }: { onChoose: (prompt: string) => void }) {
  return (
    <div class="empty">
      <h2>What can I help with?</h2>
      <ul class="examples">
        {EXAMPLES.map(({ title, prompt }) => (
          <li key={prompt}>
            <button type="button" onClick={() => onChoose(prompt)}>
              <span class="example-title">{title}</span>
              <span class="example-prompt">{prompt}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
