import { type Ask, type RunView, type ToolPart, toolsOf } from "./run-view";

/** What a person says to something that they were asked: AG-UI's ResumeEntry. */
export interface Reply {
  readonly interruptId: string;
  /** cancelled: they would not say. */
  readonly status: "resolved" | "cancelled";
  readonly payload?: unknown;
}

/** The reason of interrupts that ask whether a tool may be called (docs/wire.md). */
const APPROVAL = "approval";

/** The interrupts of a RUN_FINISHED, of which any field may be missing. */
export function asksOf(interrupts: readonly unknown[]): Ask[] {
  return interrupts.flatMap((each): Ask[] => {
    const { id, reason, message, toolCallId, expiresAt } = Object(each) as Record<string, unknown>;
    if (typeof id !== "string") return [];
    const words = [message, reason].find((text) => typeof text === "string" && text !== "");
    const expires = typeof expiresAt === "string" ? Date.parse(expiresAt) : Number.NaN;
    return [
      {
        id,
        isApproval: reason === APPROVAL,
        message: (words as string | undefined) ?? "",
        callId: typeof toolCallId === "string" ? toolCallId : undefined,
        expiresAt: Number.isNaN(expires) ? undefined : expires,
      },
    ];
  });
}

/** The tool that a person is asked about. */
export function toolOf(view: RunView, { callId }: Ask): ToolPart | undefined {
  return [...toolsOf(view), ...view.openCalls].findLast(({ id }) => id === callId);
}

/** @param now in milliseconds since the epoch */
export function isOver({ expiresAt }: Ask, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** The calls that a run which goes on from this one may have results of. */
export function openCallsOf(view: RunView): readonly ToolPart[] {
  return [...view.openCalls, ...toolsOf(view).filter(({ state }) => state === "waiting")];
}
