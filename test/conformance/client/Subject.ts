import type { Running } from "./Running.js"

/** The client that is tried. */
export interface Subject {
  /** Its command line, with places to fill in. */
  readonly command: string
  /** One that runs for all checks that do not need one of their own. */
  shared?: Promise<Running>
}
