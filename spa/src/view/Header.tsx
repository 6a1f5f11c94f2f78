import { Mark, NewChatIcon, SignOutIcon } from "./icons";

interface Props {
  readonly email: string | undefined;
  /** What a person should know of the agent from the start. */
  readonly note: string | undefined;
  readonly onNewChat: () => void;
  readonly onSignOut: () => void;
}

export function Header({ email, note, onNewChat, onSignOut }: Props) {
  return (
    <header class="header">
      <h1 class="brand">
        <Mark />
        <span class="wide">Sluice</span>
      </h1>
      {note && <span class="note">{note}</span>}
      <span class="gap" />
      {email && (
        <span class="email" title={email}>
          {email}
        </span>
      )}
      <button type="button" class="quiet" title="New chat" onClick={onNewChat}>
        <NewChatIcon />
        <span class="wide">New chat</span>
      </button>
      <button type="button" class="quiet" title="Sign out" onClick={onSignOut}>
        <SignOutIcon />
        <span class="wide">Sign out</span>
      </button>
    </header>
  );
}
