import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { Writer } from "../../../src/protocol/Bytes.js"
import { MAX_PACKET } from "../../../src/protocol/DataPacket.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { frame } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const encode = (frames: ReadonlyArray<Frame.Frame>): Uint8Array | undefined => {
  const writer = new Writer(new Uint8Array(2 * MAX_PACKET))
  for (const each of frames) Frame.write(writer, each)
  return writer.finish()
}

export const target: Target = {
  about: ["src/protocol/Frame.ts"],
  inputs: fc.array(frame, { maxLength: 4 }).map((frames) => encode(frames)!),
  most: 1200,
  run: (input) => {
    const frames = Frame.decode(input)
    if (frames === undefined) return []
    const again = encode(frames)
    assert.ok(again, "what was read can be written")
    assert.deepStrictEqual(Frame.decode(again), frames)
    return frames.map(({ _tag }) => _tag)
  }
}
