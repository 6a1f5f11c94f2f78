/** What makes the page yours. No upgrade edits this file, brand.css or brand.svg (the logo). */
import type { Brand } from "./src/brand";

export const brand: Brand = {
  name: "Sluice",
  // Each of these may be left out. A text is a string, or one for each language: { en: "...", de: "..." }.
  // welcome: "Ask anything about our products.",
  // greeting: "What can I help with?",
  // starters: [{ title: "Compare two plans", prompt: "Which plan suits a team of five?" }],
};
