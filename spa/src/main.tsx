import { render } from "preact";
import { ConfigError, loadConfig } from "./config";
import { createSession, isCallback, type Session } from "./session";
import { ChatPage } from "./view/ChatPage";
import { Broken, Welcome } from "./view/Welcome";
import { createChat } from "./wire/chat";
import { createWorkspace } from "./workspace";

async function start(root: HTMLElement): Promise<void> {
  if (!isSecureContext) {
    // Sign-in needs the browser's cryptography, which exists only here.
    throw new ConfigError("Open this site over https, or as http://localhost.");
  }
  const config = await loadConfig();
  const session = createSession(config);
  const notice = await finishSignIn(session);
  if (session.email.value === undefined) {
    render(<Welcome onSignIn={() => void session.signIn()} notice={notice} />, root);
    return;
  }
  // From here on the chat stays: a sign-in that ends later is offered again inside it.
  const workspace = createWorkspace(createChat(config.apiUrl, session));
  render(<ChatPage session={session} workspace={workspace} />, root);
}

/** Takes the login page's answer out of the address. Returns a sentence when there was no success. */
async function finishSignIn(session: Session): Promise<string | undefined> {
  const url = new URL(location.href);
  if (!isCallback(url)) return undefined;
  try {
    history.replaceState(null, "", await session.completeSignIn(url));
    return undefined;
  } catch {
    // An old address opened again, a cancelled login, a code already used: all are mended alike.
    history.replaceState(null, "", "/");
    return "That sign-in was not completed. Please sign in again.";
  }
}

const root = document.getElementById("app");
if (root) {
  start(root).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) reportError(error);
    render(
      <Broken
        message={error instanceof ConfigError ? error.message : "Reload the page to try again."}
      />,
      root,
    );
  });
}
