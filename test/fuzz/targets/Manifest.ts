import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import type { Offer } from "../../../src/core/files/Content.js"
import { HASH_BYTES, root } from "../../../src/core/files/HashTree.js"
import * as Manifest from "../../../src/core/files/Manifest.js"
import { KNOWN_RISKS, risksOf } from "../../../src/core/files/Risks.js"
import * as FileName from "../../../src/domain/FileName.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { concat } from "../../../src/protocol/Bytes.js"
import { transferId } from "../../support/ids.js"
import { whole } from "../../support/slices.js"
import { Program } from "../Program.js"
import type { Target } from "../Target.js"

const CHUNK = 64

/** What the input says of an offer; the rest of it is manifest and leaves, whose root is the offer's. */
const offered = (input: Uint8Array): { readonly offer: Offer; readonly contents: Uint8Array } => {
  const program = new Program(input)
  const flags = program.u8()
  const size = program.u8()
  const counts = { files: program.u8(), folders: program.u8(), executables: program.u8(), risks: program.u8() }
  const contents = input.subarray(6)
  const head = { kind: flags & 1 ? "folder" : "file", size, version: flags & 2 ? 2 : 1 } as const
  return {
    offer: { ...head, ...counts, id: transferId(1), name: "x", root: whole(root(crypto, head, contents)) },
    contents
  }
}

const entry = fc.record({
  path: fc.constantFrom("a", "b/c", "b/d", ".git/hooks/x", "e\u0301", "é"),
  size: fc.nat(40),
  executable: fc.boolean(),
  mtimeMs: fc.nat(9)
})
const input = fc
  .tuple(fc.constantFrom(1 as const, 2 as const), fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 3 }))
  .map(([version, entries]) => {
    const leaves = new Uint8Array(HASH_BYTES * Math.ceil(entries.reduce((sum, { size }) => sum + size, 0) / CHUNK))
    const content = whole(
      Manifest.make(crypto, { id: transferId(1), kind: "folder", name: "x", entries, leaves }, version)
    )
    if (content === undefined) return new Uint8Array(0)
    const { executables, files, folders, risks, size } = content.offer
    const flags = 1 + (version === 2 ? 2 : 0)
    return concat([Uint8Array.of(flags, size, files, folders, executables, risks), whole(Manifest.encode(content))])
  })

export const target: Target = {
  about: ["src/core/files/Manifest.ts", "src/core/files/SafePaths.ts"],
  inputs: input,
  words: ["../", "/", "a", ".git/hooks/x", "e\u0301"],
  most: 1_500,
  run: (bytes) => {
    const { contents, offer } = offered(bytes)
    const content = whole(Manifest.decode(crypto, offer, contents, CHUNK))
    if (content === undefined) return []
    for (const { path } of content.entries)
      for (const segment of path === "" ? [] : path.split("/")) assert.equal(FileName.inFolder(segment), segment)
    const paths = content.entries.map(({ path }) => path)
    assert.equal(new Set(paths).size, paths.length, "no path stands for two")
    assert.equal(
      content.entries.reduce((sum, { size }) => sum + size, 0),
      offer.size,
      "what was accepted is what comes"
    )
    if (offer.version === 2 && content.renamed === undefined)
      assert.equal(
        content.entries.reduce((all, entry) => all | risksOf(entry), 0),
        offer.risks & KNOWN_RISKS
      )
    return [`version ${offer.version}`, `${offer.kind}`, `renamed ${content.renamed !== undefined}`]
  }
}
