import type { Running } from "./Running.js"

/** The client that is tried. */
export interface Subject {
  /** Its command line, with places to fill in. */
  readonly command: string
  /** One that runs for checks that do not need one of their own, and how many of them it has seen. */
  shared?: Promise<Running> | undefined
  uses?: number
}
