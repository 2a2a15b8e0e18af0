import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { read, SALT_BYTES, SealedLogWriter } from "../../../src/core/journal/SealedLog.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { concat } from "../../../src/protocol/Bytes.js"
import type { Target } from "../Target.js"

const SECRET = new Uint8Array(32).fill(7)
const SALT = new Uint8Array(SALT_BYTES).fill(9)
const BLOCKS = ["one", "two two", ""].map((text) => new Uint8Array(Buffer.from(text)))

const write = (blocks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const writer = new SealedLogWriter(crypto, SECRET, SALT)
  return concat([writer.header(), ...blocks.map((block) => writer.seal(block))])
}
const sound = write(BLOCKS)

/** A file, whatever has become of it: no block is read that was not written, at its place. */
export const target: Target = {
  about: ["src/core/journal/SealedLog.ts"],
  inputs: fc.nat(BLOCKS.length).map((count) => write(BLOCKS.slice(0, count))),
  most: 2 * sound.length,
  run: (input) => {
    const content = read(crypto, SECRET, input)
    if (content._tag === "Foreign") return ["Foreign"]
    const texts = content.blocks.map((block) => Buffer.from(block).toString())
    const written = BLOCKS.map((block) => Buffer.from(block).toString())
    assert.deepStrictEqual(
      written.filter((text) => texts.includes(text)),
      texts,
      "blocks are those that were written, in order"
    )
    // A file that is whole, or torn at its end, is read as far as it goes.
    const isBeginning = Buffer.from(sound).subarray(0, input.length).equals(Buffer.from(input))
    if (isBeginning && input.length > sound.length / 2) assert.ok(!content.damaged)
    return [`${texts.length} blocks`, `damaged ${content.damaged}`]
  }
}
