/**
 * A peer of the bench over a stream of bytes: messages are texts of one byte a character, each behind its length.
 * `stream` has `write(bytes)`, which gives `false` when it is full for now, `onDrain(run)`, once, `onData(take)` and
 * `close()`; one that takes pieces of a bounded size says `maxWrite`.
 */
export const framed = (stream) => ({
  send: (text) => {
    const bytes = Buffer.allocUnsafe(HEADER + text.length)
    bytes.writeUInt32LE(text.length)
    bytes.write(text, HEADER, "latin1")
    const size = stream.maxWrite ?? bytes.length
    let hasRoom = true
    for (let at = 0; at < bytes.length; at += size) hasRoom = stream.write(bytes.subarray(at, at + size)) !== false
    return hasRoom
  },
  onRoom: (run) => stream.onDrain(run),
  onMessage: (take) => stream.onData(reader(take)),
  close: () => stream.close()
})

const HEADER = 4

/** Gives the first characters of each message and its length: nobody looks at the rest of a large one. */
const reader = (take) => {
  let rest = Buffer.alloc(0)
  let skipped = 0
  return (data) => {
    let bytes = rest.length === 0 ? data : Buffer.concat([rest, data])
    for (;;) {
      if (skipped > 0) {
        const here = Math.min(skipped, bytes.length)
        skipped -= here
        bytes = bytes.subarray(here)
        if (skipped > 0) break
      }
      if (bytes.length < HEADER) break
      const length = bytes.readUInt32LE()
      const shown = Math.min(length, SHOWN)
      if (bytes.length < HEADER + shown) break
      take(bytes.latin1Slice(HEADER, HEADER + shown), length)
      bytes = bytes.subarray(HEADER + shown)
      skipped = length - shown
    }
    rest = bytes
  }
}

/** Characters: more than any message but those of the bulk has. */
const SHOWN = 1_024
