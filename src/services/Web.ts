import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint } from "../domain/Endpoint.js"
import type { ListenError } from "./Listener.js"

/** Shows pages by HTTP, to be read and nothing else. */
export class Web extends Context.Tag("parley/services/Web")<
  Web,
  {
    /**
     * Serves GET and HEAD as long as the scope lives; gives where it listens. `answer` is called for each request with
     * the path as it was sent, without the query; must not throw. What it gives is sent with headers that keep it out
     * of caches, frames and other sites. Connections, headers and the time for a request are bounded.
     */
    readonly serve: (
      at: WebAddress,
      answer: (path: string) => Page | undefined
    ) => Effect.Effect<Endpoint, ListenError, Scope.Scope>
  }
>() {}

export interface WebAddress {
  /** A host name or an IP literal. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
}

export interface Page {
  /** 200 when left out. */
  readonly status?: number
  /** Of the body, as in `Content-Type`. */
  readonly type: string
  readonly body: string
  /** What may be loaded and run, as in `Content-Security-Policy`; nothing when left out. */
  readonly policy?: string
}
