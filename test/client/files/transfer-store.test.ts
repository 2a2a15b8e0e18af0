import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { IncomingHead, TransferRecord } from "../../../src/client/files/TransferRecord.js"
import * as TransferRecords from "../../../src/client/files/TransferRecord.js"
import * as TransferStore from "../../../src/client/files/TransferStore.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { MAX_ENTRIES } from "../../../src/protocol/FileRecord.js"
import { transferId } from "../../support/ids.js"
import { slicesOf, whole } from "../../support/slices.js"

const recordOf = (number: number, stage: "accepted" | "stored"): TransferRecord => ({
  head: {
    version: 1,
    direction: "in",
    peer: peerIdOf(new Uint8Array(32)),
    nick: "mallory",
    offer: {
      id: transferId(number),
      kind: "file",
      name: "x",
      size: 1,
      files: 1,
      version: 1,
      folders: 0,
      executables: 0,
      risks: 0,
      root: "A".repeat(43)
    },
    paused: false,
    stage,
    directory: "/home",
    folds: false,
    token: "0".repeat(16)
  },
  tail: new Uint8Array(0)
})

const outgoing = (paths: ReadonlyArray<string>): TransferRecord => {
  const { stage: _, directory: __, folds: ___, token: ____, ...head } = recordOf(1, "accepted").head as IncomingHead
  const entries = paths.map((path) => [path, 3, 1.5, false] as const)
  return { head: { ...head, direction: "out", path: "/x", skipped: 0, entries }, tail: new Uint8Array([1, 2]) }
}

it("a folder of many files, or of long names, is read in slices of some hundred of them", () => {
  for (const [count, name] of [
    [MAX_ENTRIES, "src/a.ts"],
    [500, `${"\u0001".repeat(4_000)}/\n"`],
    [0, ""]
  ] as const) {
    const record = outgoing(Array.from({ length: count }, (_, n) => `${n}${name}`))
    const bytes = whole(TransferRecords.encode(record))
    expect(whole(TransferRecords.decode(bytes))).toEqual(record)
    expect(slicesOf(TransferRecords.decode(bytes))).toBeGreaterThanOrEqual((count * (16 + name.length / 64)) / 3_000)
  }
})

it("a folder that an earlier version left, in one line, is read as well; one with a line that is none is not", () => {
  const record = outgoing(["a", "b"])
  const lines = whole(TransferRecords.encode(record))
  const text = Buffer.from(lines.subarray(4, lines.length - 2)).toString()
  const decode = (json: string) => {
    const head = Buffer.from(json)
    const bytes = Buffer.concat([Buffer.alloc(4), head, record.tail])
    bytes.writeUInt32BE(head.length)
    return whole(TransferRecords.decode(new Uint8Array(bytes)))
  }
  expect(decode(JSON.stringify(record.head))).toEqual(record)
  expect(decode(text)).toEqual(record)
  for (const [from, to] of [
    ["]}", "]"],
    ['["a"', '["a'],
    ["\n]}", "\n\n]}x"],
    ['"entries":[', '"entries":[["c",3,1.5,false],']
  ])
    expect(decode(text.replace(from!, to!)), to).toBeUndefined()
})

it.live("what senders never confirmed is forgotten in the end, and keeps nothing from being gone on with", () =>
  Effect.gen(function* () {
    const files = new Map<string, Uint8Array>()
    let drawn = 0
    const open = TransferStore.open({
      crypto,
      entropy: { bytes: (length) => new Uint8Array(length).fill(++drawn) },
      secret: new Uint8Array(32),
      folder: "transfers",
      store: {
        list: () => Effect.sync(() => [...files.keys()].sort()),
        read: (name) => Effect.sync(() => Option.fromNullable(files.get(name))),
        write: (name, bytes) => Effect.sync(() => void files.set(name, bytes)),
        remove: (name) => Effect.sync(() => void files.delete(name))
      }
    })
    const { keep } = yield* open
    for (let i = 0; i < 400; i++) yield* keep(recordOf(i, "stored"))
    yield* keep(recordOf(400, "accepted"))
    const { left } = yield* open
    expect(left.filter(({ head }) => "stage" in head && head.stage === "accepted")).toHaveLength(1)
    expect(files.size).toBeLessThan(100)
    expect(left).toHaveLength(files.size)
  })
)
