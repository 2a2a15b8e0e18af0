import { beforeEach, describe, expect, it } from "vitest"
import { noSuchPeer } from "../../../src/core/client/ErrorTexts.js"
import type { QueryPurpose } from "../../../src/core/client/Purpose.js"
import { Reintroduction } from "../../../src/core/client/Reintroduction.js"
import { peerId } from "../../support/ids.js"
import { Context, conversation } from "./Context.js"

const error = noSuchPeer("nobody")

describe("peers that we asked for and lost", () => {
  let context: Context
  let reintroduction: Reintroduction

  beforeEach(() => {
    context = new Context()
    reintroduction = new Reintroduction(context)
  })

  /** Whom the last query was for, as the part made it. */
  const asked = (nick: string): QueryPurpose => {
    expect(context.sent("Query")).toEqual([expect.objectContaining({ nick })])
    return {
      _tag: "Query",
      nick,
      expect: undefined,
      expected: peerId(nick),
      ticket: undefined,
      conversation: context.conversations.get(peerId(nick))
    }
  }

  it("are asked for one at a time, whoever did not hang up and is not reached directly", () => {
    for (const [nick, more] of [
      ["lost", {}],
      ["relayed", { connected: true, path: "relay" }],
      ["direct", { connected: true, path: "direct" }],
      ["departed", { departed: true }],
      ["stranger", { asked: false }]
    ] as const)
      context.introduce(conversation(nick, more))
    reintroduction.addAll()
    expect(reintroduction.advance(10)).toBe(true)
    expect(reintroduction.advance(10)).toBe(false)
    reintroduction.handleOutcome(asked("lost"), { _tag: "Failed", error }, 20)
    reintroduction.advance(20)
    reintroduction.handleOutcome(asked("relayed"), { _tag: "Failed", error }, 30)
    expect(reintroduction.advance(30)).toBe(false)
    expect(context.sent("Query")).toEqual([])
  })

  it("are asked for again after the pause that the server wants, between one second and a minute", () => {
    for (const [wanted, pause] of [
      [10, 1_000],
      [5_000, 5_000],
      [10_000_000, 60_000]
    ] as const) {
      context.introduce(conversation("bob"))
      reintroduction.add(peerId("bob"))
      const now = 1_000_000 + wanted * 100
      reintroduction.advance(now)
      reintroduction.handleOutcome(asked("bob"), { _tag: "RateLimited", error, retryAfterMs: wanted }, now)
      expect(reintroduction.pollTimeout()).toBe(now + pause)
      expect(reintroduction.advance(now + pause - 1)).toBe(false)
      expect(reintroduction.advance(now + pause)).toBe(true)
      reintroduction.handleOutcome(asked("bob"), { _tag: "Failed", error }, now + pause)
      expect(reintroduction.pollTimeout()).toBeUndefined()
    }
  })

  it("stay left when we leave while they are asked for", () => {
    const bob = context.introduce(conversation("bob"))
    reintroduction.add(bob.peer)
    reintroduction.advance(10)
    const purpose = asked("bob")
    expect(reintroduction.isWanted(purpose)).toBe(true)
    context.conversations.remove(bob)
    bob.asked = false
    expect(reintroduction.isWanted(purpose)).toBe(false)
    context.introduce(conversation("bob", { asked: false }))
    expect(reintroduction.isWanted(purpose)).toBe(false)
  })

  it("are asked for by the name that messages of an earlier process were written to", () => {
    context.pending.add(peerId("bob"), "bob")
    reintroduction.addPending("BOB")
    expect(reintroduction.advance(10)).toBe(true)
    const purpose = asked("bob")
    expect(reintroduction.isWanted(purpose)).toBe(true)
    context.pending.forget(peerId("bob"))
    expect(reintroduction.isWanted(purpose)).toBe(false)
  })

  it("wait for the next occasion while there is no server", () => {
    context.introduce(conversation("bob"))
    context.link.handleDisconnected("gone", 5)
    reintroduction.addAll()
    expect(reintroduction.advance(10)).toBe(false)
    expect(reintroduction.pollTimeout()).toBeUndefined()
  })

  it("with a changed key are told of", () => {
    context.introduce(conversation("bob"))
    reintroduction.addAll()
    reintroduction.advance(10)
    reintroduction.handleOutcome(asked("bob"), { _tag: "Changed", error, isNews: true }, 20)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Failed", nick: "bob" })])
  })
})
