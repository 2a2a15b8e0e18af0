import * as Either from "effect/Either"
import { expect, test } from "vitest"
import { Channels } from "../../src/core/rendezvous/Channels.js"
import * as Nickname from "../../src/domain/Nickname.js"
import type { Registration, SessionId } from "../../src/domain/Registration.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import { Introductions } from "../../src/server/Introductions.js"

const SESSION = "node.1" as SessionId

test("a node introduces nobody to a session that has another nickname by now, or none, or too many who ask", () => {
  const pushed: Array<string> = []
  let registration: Registration | undefined = {
    nickname: Either.getOrThrow(Nickname.parse("bob")),
    session: SESSION,
    epoch: 7,
    address: "192.0.2.1:1",
    endpoints: [],
    resume: "r"
  } as unknown as Registration
  let wait = 0
  const bob = {
    get registration() {
      return registration
    },
    channelEnd: 5,
    waitForIncoming: () => wait,
    push: (line: string) => void pushed.push(line)
  }
  const introductions = new Introductions({
    channels: new Channels(crypto, new Uint8Array(32)),
    cluster: undefined,
    relay: undefined,
    time: { monotonic: () => 0, wall: () => 0 },
    ofSession: (session) => (session === SESSION ? bob : undefined),
    atEnd: () => undefined
  })
  const half = { nick: "ann", address: "", candidates: [] }
  const ask = (epoch: number, session = SESSION) =>
    introductions.answer({ _tag: "Introduce", session, epoch, from: 9, half })
  // What the asker's node knows is older, and then newer, than what is so here.
  expect([ask(6), ask(8), ask(7, "node.2" as SessionId)]).toEqual(Array(3).fill({ _tag: "NotHere" }))
  wait = 300
  expect(ask(7)).toEqual({ _tag: "Wait", retryAfterMs: 300 })
  expect(pushed).toEqual([])
  wait = 0
  expect(ask(7)).toMatchObject({ _tag: "Introduced", end: 5, half: { nick: "bob" } })
  expect(pushed).toHaveLength(1)
  registration = undefined
  expect(ask(7)).toEqual({ _tag: "NotHere" })
})
