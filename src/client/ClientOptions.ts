/** What a client must be told. Everything else it asks of its services. */
export interface ClientOptions {
  /** The rendezvous server: a host name or an IP literal, and the port of its control link. */
  readonly server: { readonly host: string; readonly port: number }
  /** The server's access token, where it demands one. */
  readonly token?: string
  /** Milliseconds that `exit` gives undelivered messages; `DEFAULT_LINGER` when left out. */
  readonly lingerMs?: number
}

/** Two seconds: several attempts on any path that works, and no longer than a person waits for a program to end. */
export const DEFAULT_LINGER = 2_000
