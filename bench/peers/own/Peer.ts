/** Two programs that are connected, as the bench sees them. */
export interface Peer {
  /** A text of one byte a character. `false`: there is no room for more, until `onRoom` calls. */
  readonly send: (text: string) => boolean
  /** Calls once, when there is room. */
  readonly onRoom: (run: () => void) => void
  /** The first characters of each message, and its length. */
  readonly onMessage: (take: (text: string, length: number) => void) => void
  readonly close: () => Promise<void>
}

/** Values as JSON over TCP (`signal.mjs`). */
export interface Line {
  readonly send: (value: unknown) => void
  readonly onValue: <A>(take: (value: A) => void) => void
  readonly end: () => void
}
