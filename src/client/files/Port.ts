import * as Effect from "effect/Effect"
import type { PeerEvent, PeerId, StreamId } from "../../core/peer/Api.js"
import type { PeerLink } from "../PeerLink.js"

/** One stream of a connection, and the news of it, for the fiber that serves it. */
export class Port {
  /** Whether the stream takes bytes now. */
  writable = true
  /** The connection is gone, and the stream with it. */
  broken = false
  /** The other side gave the stream up, with this code. */
  resetBy: number | undefined
  /** The other side's end was read. */
  ended = false
  private finished = false
  private isNews = false
  private waiting: (() => void) | undefined

  constructor(
    private readonly link: PeerLink,
    readonly peer: PeerId,
    readonly stream: StreamId
  ) {}

  /** Nothing can come, or be said, over this stream any more. */
  get over(): boolean {
    return this.broken || this.resetBy !== undefined || (this.finished && this.ended)
  }

  /** Gives everything that was received to `take`, as long as `wanted`. */
  read(wanted: () => boolean, take: (bytes: Uint8Array | "end") => void): void {
    this.link.drive((peers, now) => {
      while (wanted()) {
        const bytes = peers.readStream(this.peer, this.stream, now)
        if (bytes === undefined) return
        if (bytes === "end") this.ended = true
        take(bytes)
      }
    })
  }

  write(bytes: Uint8Array): void {
    this.link.drive((peers, now) => {
      // Before the machine is drained: that may already tell that there is room again.
      if (peers.writeStream(this.peer, this.stream, bytes, now) === false) this.writable = false
    })
  }

  finish(): void {
    this.finished = true
    this.link.drive((peers, now) => peers.finishStream(this.peer, this.stream, now))
  }

  reset(code: number): void {
    this.link.drive((peers, now) => peers.resetStream(this.peer, this.stream, code, now))
  }

  handle(event: PeerEvent & { readonly _tag: "StreamReadable" | "StreamWritable" | "StreamReset" }): void {
    if (event._tag === "StreamWritable") this.writable = true
    if (event._tag === "StreamReset") this.resetBy = event.code
    this.poke()
  }

  /** Something has happened that the fiber should look at. */
  poke(): void {
    this.isNews = true
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  /** Waits for news since the last wait. */
  readonly news: Effect.Effect<void> = Effect.async<void>((resume) => {
    const look = () => {
      this.isNews = false
      resume(Effect.void)
    }
    if (this.isNews) return look()
    this.waiting = look
    return Effect.sync(() => {
      if (this.waiting === look) this.waiting = undefined
    })
  })
}
