/** What shows files, fetched at once when the first one is to be shown. */
export { DraftFiles } from "./DraftFiles";
export { MessageFiles } from "./MessageFiles";
