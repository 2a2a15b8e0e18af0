import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { AcceptError, OfferError, TransferError } from "../../core/client/ClientError.js"
import type { Transfer } from "../../core/client/Transfer.js"
import type { TransferId } from "../../core/files/Content.js"

/**
 * Files and folders beside the conversation. An offer is made to somebody we have asked for; the bytes flow once both
 * sides have asked for each other and the other one has accepted. A break of any kind (path, connection, either
 * program) costs what was under way: the transfer goes on over the next connection with what is missing, until it is
 * done, declined or cancelled.
 *
 * @since 0.1.0
 */
export interface FilesApi {
  /**
   * Offers the file or folder at `path`, or several of them as one folder that has each under its own name (two of one
   * name are refused). It is read once whole before the offer leaves (state `preparing`), and must
   * stay as it is until it is delivered. Fails with `NotConnected` unless we queried this peer ourselves, with `File`
   * when there is nothing to send there. What an earlier process of ours left of the same offer, and was not gone on
   * with by itself, is gone on with.
   */
  readonly offer: (nick: string, path: string | ReadonlyArray<string>) => Effect.Effect<Transfer, OfferError>
  /**
   * Offers bytes that no file holds under `name`. They are put into a temporary file of ours first, so that they can be
   * sent again after a break; it is removed in the end. A process that ends before the transfer does takes the offer
   * back.
   */
  readonly offerStream: <E>(
    nick: string,
    name: string,
    content: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<Transfer, OfferError | E>
  /**
   * Accepts an offer into `directory` (the client's `downloads` when left out), under a name that nothing has there
   * yet. The name appears when the last byte is there and verified, not before.
   */
  readonly accept: (id: TransferId, directory?: string) => Effect.Effect<void, AcceptError>
  /**
   * Accepts an offered file and hands its bytes over in order, each chunk verified before it comes out; on disk there
   * is nothing. Goes on over later connections as long as the stream is pulled. Interrupting it cancels the transfer.
   */
  readonly acceptStream: (id: TransferId) => Stream.Stream<Uint8Array, AcceptError>
  /** Refuses an offer. */
  readonly decline: (id: TransferId) => Effect.Effect<void, TransferError>
  /**
   * Ends a transfer for good, in either direction and any state; what had arrived is removed. The other side is told
   * `reason`, at once or when it is there again.
   */
  readonly cancel: (id: TransferId, reason?: CancelReason) => Effect.Effect<void, TransferError>
  /** Stops the flow of bytes, and lets it go on. The other side is told. */
  readonly pause: (id: TransferId) => Effect.Effect<void, TransferError>
  readonly resume: (id: TransferId) => Effect.Effect<void, TransferError>
  /** All that are under way, and the last `MAX_FINISHED` that ended, oldest first. */
  readonly list: Effect.Effect<ReadonlyArray<Transfer>>
}

/**
 * Why somebody ends a transfer: because they want to; because it did not move on; because its bytes were of no use.
 *
 * @since 0.1.0
 */
export type CancelReason = "Cancelled" | "TimedOut" | "Storage"
