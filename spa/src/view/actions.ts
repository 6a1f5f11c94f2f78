import type { Reply } from "../run/asks";
import type { Answer, Question } from "../threads/open-thread";

/** What a person can do with messages. */
export interface Actions {
  /** Asks an answer's question again, in place of it and of what came after. */
  retry(answer: Answer): void;
  /** Asks something else in a question's place. */
  edit(question: Question, text: string): void;
  /** @param always names of tools that need not be asked about again */
  reply(answer: Answer, replies: readonly Reply[], always: readonly string[]): void;
  rate(answer: Answer, rating: "up" | "down" | null): void;
  /** The bytes of a file. Throws when they cannot be had. */
  file(id: string): Promise<Blob>;
  signIn(): void;
}
