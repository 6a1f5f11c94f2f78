import type { Message } from "../threads/open-thread";
import { AssistantMessage } from "./AssistantMessage";
import type { Actions } from "./actions";
import { UserMessage } from "./UserMessage";

/** So many at the end are drawn at once; those before them, when they are nearly in view. */
const DRAWN_AT_ONCE = 4;

/**
 * @param running an answer is under way, so that nothing else can be asked
 * @param limit the most characters a message may have
 */
export function Messages({
  messages,
  running,
  limit,
  actions,
}: {
  messages: readonly Message[];
  running: boolean;
  limit: number;
  actions: Actions;
}) {
  const last = messages.length - 1;
  return (
    <>
      {messages.map((message, i) => {
        const drawn = i > last - DRAWN_AT_ONCE;
        return message.role === "user" ? (
          <UserMessage
            key={message.id}
            question={message}
            drawn={drawn}
            limit={limit}
            load={actions.file}
            onEdit={running ? undefined : (text) => actions.edit(message, text)}
          />
        ) : (
          <AssistantMessage
            key={message.id}
            answer={message}
            drawn={drawn}
            last={i === last}
            isContinued={messages[i + 1]?.role === "assistant"}
            busy={running}
            actions={actions}
          />
        );
      })}
    </>
  );
}
