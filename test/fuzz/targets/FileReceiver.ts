import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { FileReceiver } from "../../../src/core/files/FileReceiver.js"
import { root } from "../../../src/core/files/HashTree.js"
import * as FileName from "../../../src/domain/FileName.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { concat } from "../../../src/protocol/Bytes.js"
import { encode, type OfferRecord } from "../../../src/protocol/FileRecord.js"
import { fileRecord } from "../../protocol/Arbitrary.js"
import { whole } from "../../support/slices.js"
import { cuts } from "../Cuts.js"
import type { Target } from "../Target.js"

const CHUNK = 64
const BYTES = new Uint8Array(100).fill(7)
const leaf = (bytes: Uint8Array) => crypto.hash(32, [Buffer.from("parley chunk v1"), bytes])
/** One file of two chunks: its manifest in version 1, and its leaves. */
const CONTENTS = concat([Uint8Array.of(0, 0x40, 100, 0), leaf(BYTES.subarray(0, CHUNK)), leaf(BYTES.subarray(CHUNK))])
const head = { kind: "file", size: 100, version: 1 } as const
const OFFER: OfferRecord = {
  _tag: "Offer",
  id: new Uint8Array(16),
  folder: false,
  name: "x",
  files: 1,
  folders: 0,
  executables: 0,
  risks: 0,
  root: whole(root(crypto, head, CONTENTS)),
  size: 100,
  version: 1
}
const HONEST = [
  encode(OFFER)!,
  encode({ _tag: "Contents", last: true, bytes: CONTENTS })!,
  encode({ _tag: "Chunk", index: 0 })!,
  BYTES.subarray(0, CHUNK),
  encode({ _tag: "Chunk", index: 1 })!,
  BYTES.subarray(CHUNK)
]

/** The stream of a sender who is not honest, read by somebody who accepts everything. */
export const target: Target = {
  about: ["src/core/files/FileReceiver.ts", "src/core/files/TransferEnd.ts", "src/core/files/ChunkAssembler.ts"],
  inputs: fc
    .tuple(fc.nat(255), fc.nat(HONEST.length), fc.array(fileRecord, { maxLength: 2 }))
    .map(([cut, count, more]) =>
      concat([Uint8Array.of(cut), ...HONEST.slice(0, count), ...more.map((record) => encode(record)!)])
    ),
  words: HONEST,
  most: 1_500,
  run: (input) => {
    const receiver = new FileReceiver(crypto, CHUNK)
    const reached: Array<string> = []
    const saved = new Map<number, Uint8Array>()
    let size = 0
    let answered = 0
    for (const piece of cuts(input).pieces) {
      receiver.handleBytes(piece.slice())
      for (let going = true; going; ) {
        going = false
        for (let event = receiver.pollEvent(); event !== undefined; event = receiver.pollEvent()) {
          reached.push(event._tag)
          if (event._tag === "Offered") {
            assert.equal(FileName.make(event.offer.name), event.offer.name)
            size = event.offer.size
            receiver.accept()
            going = true
          }
          if (event._tag === "Complete") receiver.stored()
        }
        for (let action = receiver.poll(true); action !== undefined; action = receiver.poll(true)) {
          going = true
          if (action._tag === "Write") answered += action.bytes.length
          if (action._tag === "Turn") receiver.handleTurn()
          if (action._tag !== "Save") continue
          assert.ok(action.offset + action.bytes.length <= size, "no more is saved than was offered")
          assert.ok(!saved.has(action.offset), "nothing is saved twice")
          saved.set(action.offset, action.bytes.slice())
          receiver.handleSaved()
        }
      }
    }
    assert.ok(answered <= 200 + 20 * input.length)
    if (reached.includes("Complete") && size === BYTES.length) {
      const whole = concat([...saved].sort(([a], [b]) => a - b).map(([, bytes]) => bytes))
      assert.deepStrictEqual(whole.slice(0, CHUNK).length, CHUNK)
    }
    return reached
  }
}
