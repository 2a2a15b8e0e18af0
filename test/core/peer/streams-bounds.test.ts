import { describe, expect, it } from "vitest"
import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import { PendingFrames } from "../../../src/core/peer/recovery/PendingFrames.js"
import type { SentFrame } from "../../../src/core/peer/recovery/SentFrame.js"
import { MAX_STREAMS, Streams } from "../../../src/core/peer/stream/Streams.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import { peerId } from "../../support/ids.js"

/** Opens streams with a byte each, which our side gives up at once, until it has had enough; how many it took. */
const give = (streams: Streams, most: number, each: () => void): number => {
  for (let i = 0; i < most; i++) {
    const id = 2 + 2 * i
    if (!streams.onStream(id, 0, Uint8Array.of(1))) return i
    streams.reset(id, 3)
    each()
  }
  return most
}

describe("streams that we give up", () => {
  const make = () => new Streams(peerId("peer"), (_: PeerEvent) => {}, new PendingFrames(), true)

  it("are no longer remembered than the peer may leave them unacknowledged", () => {
    const taken = give(make(), 100_000, () => {})
    expect(taken).toBeGreaterThanOrEqual(2 * MAX_STREAMS)
    expect(taken).toBeLessThan(10 * MAX_STREAMS)
  })

  it("make room for as many as one likes, as long as that is acknowledged", () => {
    const streams = make()
    const packet = new Uint8Array(1_200)
    const taken = give(streams, 5_000, () => {
      const frames: Array<SentFrame> = []
      streams.writeTo(new Writer(packet), packet.length, frames)
      for (const frame of frames) if (frame._tag === "Reset") streams.onResetAcknowledged(frame.stream)
    })
    expect(taken).toBe(5_000)
  })
})
