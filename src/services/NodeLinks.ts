import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Connection, ConnectionHandler } from "./Connection.js"
import type { DialError } from "./Dialer.js"
import type { ListenError } from "./Listener.js"

/**
 * TCP between the nodes of one server, encrypted and authenticated in both directions by a key that all of them have:
 * whoever has another one gets no connection, and reads nothing.
 */
export class NodeLinks extends Context.Tag("parley/services/NodeLinks")<
  NodeLinks,
  {
    /** Accepts nodes as long as the scope lives; `accept` is asked for each once it has shown that it has the key. */
    readonly listen: (
      options: NodeLinkOptions,
      accept: (connection: Connection) => ConnectionHandler
    ) => Effect.Effect<void, ListenError, Scope.Scope>
    /** Connects, within 5 s; the connection ends with the scope. `handler` is asked for before a byte can arrive. */
    readonly dial: (
      options: NodeLinkOptions,
      handler: (connection: Connection) => ConnectionHandler
    ) => Effect.Effect<Connection, DialError, Scope.Scope>
  }
>() {}

export interface NodeLinkOptions {
  readonly host: string
  readonly port: number
  /** 32 secret bytes. */
  readonly key: Uint8Array
}
