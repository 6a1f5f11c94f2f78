/** A tool call as a run's record has it. */
export interface Call {
  readonly id: string;
  /** The message that made it. */
  readonly messageId: string;
}

/**
 * The call that a result answers. An id may repeat in a run, because some servers number the calls of
 * each message anew, or give all of a message one id. A result follows its message: so it belongs to
 * the newest message with such a call, and there to the first that has none yet.
 *
 * @param calls in the order in which they were made
 * @returns undefined when no call has the id; the newest when each has its result
 */
export function callOf<C extends Call>(
  calls: readonly C[],
  id: string | undefined,
  isAnswered: (call: C) => boolean,
): C | undefined {
  const named = calls.filter((call) => call.id === id);
  const newest = named.at(-1);
  const open = named.filter((call) => !isAnswered(call));
  return open.find(({ messageId }) => messageId === newest?.messageId) ?? open[0] ?? newest;
}
