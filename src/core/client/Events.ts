import type { MessageId } from "../../domain/MessageId.js"
import type { DisconnectReason } from "../peer/PeerEvent.js"
import type { PathInfo } from "../peer/Route.js"
import type { TransferEvent } from "./Transfer.js"

/**
 * What happens to a client, for whoever shows it: the terminal, JSON mode, a bot. Nicknames, addresses and texts are as
 * the other side sent them: pass them through `domain/SafeText` before they reach a screen.
 */
export type ClientEvent =
  /**
   * The server gave us the nickname: at the start, after `register`, and each time it was taken back after an outage.
   */
  | {
      readonly _tag: "Registered"
      readonly nick: string
      /** `address:port` as the server sees us. */
      readonly address: string
      readonly fingerprint: string
    }
  /**
   * After an outage: the nickname belongs to somebody else by now; call `register` with another one. (A `register` that
   * waits gets this as its error.)
   */
  | { readonly _tag: "NickTaken"; readonly nick: string; readonly suggestions: ReadonlyArray<string> }
  /** The server's greeting, when it has one: once, and again when it has changed. */
  | { readonly _tag: "Greeting"; readonly text: string }
  /** The link to the server is gone; conversations go on. A new attempt is made in `retryInMs`. */
  | { readonly _tag: "ServerLost"; readonly message: string; readonly retryInMs: number }
  /** Somebody asked for us. `known`: their key is the one we pinned under this nickname before. */
  | { readonly _tag: "Incoming"; readonly peer: string; readonly fingerprint: string; readonly known: boolean }
  | { readonly _tag: "Connected"; readonly peer: string; readonly path: PathInfo }
  | { readonly _tag: "PathChanged"; readonly peer: string; readonly path: PathInfo }
  | { readonly _tag: "Mutual"; readonly peer: string }
  | { readonly _tag: "Message"; readonly from: string; readonly id: MessageId; readonly text: string }
  | { readonly _tag: "Delivered"; readonly peer: string; readonly id: MessageId }
  /**
   * Somebody has read the message, and all before it. Only from those who choose to tell, and never before `Delivered`.
   */
  | { readonly _tag: "Read"; readonly peer: string; readonly id: MessageId }
  /** A message waits until the other side has asked for us too. */
  | { readonly _tag: "Waiting"; readonly peer: string; readonly id: MessageId }
  /**
   * Messages that an earlier process could not deliver: the peer is asked for again, and gets them when it is there.
   */
  | { readonly _tag: "Kept"; readonly peer: string; readonly undelivered: number }
  /** Whether messages that wait survive a crash from now on. Told when that changes; unless told otherwise, they do. */
  | { readonly _tag: "Journal"; readonly safe: boolean; readonly message: string }
  | {
      readonly _tag: "Disconnected"
      readonly peer: string
      readonly reason: DisconnectReason
      /** Messages kept for the peer's return. */
      readonly undelivered: number
    }
  /** News of a file transfer. Those of one transfer may come less often than things happen, the last state always. */
  | TransferEvent
  | { readonly _tag: "Joined"; readonly nick: string }
  | { readonly _tag: "Left"; readonly nick: string }
  /** Something failed that no call is waiting for, for example an introduction with a changed key. */
  | { readonly _tag: "Failed"; readonly code: string; readonly message: string; readonly peer?: string }
  /** The last event: we left, or the server replaced or refused us for good. */
  | { readonly _tag: "Closed"; readonly reason: "exit" | "replaced" | "refused"; readonly message: string }
