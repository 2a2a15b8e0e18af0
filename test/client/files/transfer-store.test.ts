import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TransferRecord } from "../../../src/client/files/TransferRecord.js"
import * as TransferStore from "../../../src/client/files/TransferStore.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { transferId } from "../../support/ids.js"

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
