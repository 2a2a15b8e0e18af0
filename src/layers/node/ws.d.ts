/** What is used here of ws 8, which has no types of its own. */
declare module "ws" {
  import type { EventEmitter } from "node:events"
  import type { IncomingMessage } from "node:http"
  import type { Duplex, DuplexOptions } from "node:stream"

  interface Options {
    readonly maxPayload: number
    readonly perMessageDeflate: false
  }

  export class WebSocket extends EventEmitter {
    constructor(
      url: string,
      protocols: ReadonlyArray<string>,
      options: Options & { readonly handshakeTimeout: number; readonly createConnection: () => Duplex }
    )
    static readonly OPEN: number
    readonly readyState: number
    readonly protocol: string
    send(data: Uint8Array, done: (error?: Error) => void): void
  }

  export class WebSocketServer extends EventEmitter {
    constructor(
      options: Options & {
        readonly noServer: true
        readonly clientTracking: false
        readonly allowSynchronousEvents: false
        readonly maxFragments: number
        readonly maxBufferedChunks: number
        readonly handleProtocols: (offered: ReadonlySet<string>, request: IncomingMessage) => string | false
      }
    )
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, done: (socket: WebSocket) => void): void
  }

  export const createWebSocketStream: (socket: WebSocket, options?: DuplexOptions) => Duplex
}
