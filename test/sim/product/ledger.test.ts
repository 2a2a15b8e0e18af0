import { beforeEach, describe, expect, it } from "vitest"
import { Ledger } from "../../../scenarios/product/Ledger.js"
import type { DisconnectReason } from "../../../src/core/peer/PeerEvent.js"

const path = { kind: "direct", address: "203.0.113.1:4000", rttMs: 50 } as const

describe("what the model of events takes of bob, whom alice leaves", () => {
  let ledger: Ledger
  const connected = () =>
    ledger.event("alice", { _tag: "Connected", nick: "bob", fingerprint: "1", trust: "known", path })
  const disconnected = (reason: DisconnectReason) =>
    ledger.event("alice", { _tag: "Disconnected", nick: "bob", reason, undelivered: 0 })

  beforeEach(() => {
    ledger = new Ledger()
    ledger.begin("alice")
    ledger.asks("alice", "bob")
    ledger.asked("alice", "bob", true, 1)
    connected()
  })

  it("is a new connection after each end of one", () => {
    disconnected("replaced")
    connected()
    disconnected("timeout")
    connected()
    expect(ledger.problem).toBeUndefined()
  })

  it("is no second connection beside one", () => {
    connected()
    expect(ledger.problem).toContain("alice is connected to bob twice")
  })

  it("is what happened before alice left, however late she reads it, and then a new conversation", () => {
    ledger.leaves("alice", "bob")
    disconnected("replaced")
    connected()
    connected()
    expect(ledger.problem).toBeUndefined()
  })

  it("is one new conversation for each that she left, and no second connection beside that", () => {
    ledger.leaves("alice", "bob")
    disconnected("replaced")
    connected()
    connected()
    connected()
    expect(ledger.problem).toContain("alice is connected to bob twice")
  })
})
