import type { Field } from "./Field.js"

/** Something that a stranger does to a server with its default limits. */
export interface Attack {
  readonly name: string
  /** What is done, for the table. */
  readonly about: string
  /** One of those that `--quick` runs. */
  readonly quick?: true
  /** Options of the server, where not all are the defaults. */
  readonly args?: ReadonlyArray<string>
  /** The server encrypts, and everybody comes by TLS. */
  readonly tls?: true
  /** Honest people come by a proxy, which says so ahead. */
  readonly proxied?: true
  /** Is there for its files, and for this user alone, as long as it takes. */
  readonly folder?: string
  /** Open files that the system lets the server have. */
  readonly files?: number
  /** What is there when the attack begins. */
  readonly prepare?: (field: Field) => Promise<unknown>
  /** Ends when `field.over`. */
  readonly run: (field: Field) => Promise<unknown>
}
