import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { client, type Program, server, temporaryFolder } from "./Program.js"

const TEXTS = Array.from({ length: 200 }, (_, n) => `message ${n}`)

const send = (alice: Program) => alice.command(...TEXTS.map((text) => ({ cmd: "send", to: "bob", text })))

const texts = (program: Program) => program.events().flatMap(({ event, text }) => (event === "message" ? [text] : []))

const count = (program: Program, name: string) => program.events().filter(({ event }) => event === name).length

const atLeast = (program: Program, name: string, wanted: number) =>
  program.until(`${wanted} times ${name}`, () => (count(program, name) >= wanted ? true : undefined))

const pair = async () => {
  const { address } = await server()
  const homes = { alice: temporaryFolder(), bob: temporaryFolder() }
  const alice = await client("alice", address, homes.alice)
  const bob = await client("bob", address, homes.bob)
  alice.command({ cmd: "query", nick: "bob" })
  bob.command({ cmd: "query", nick: "alice" })
  await alice.event("mutual")
  await bob.event("mutual")
  return { address, homes, alice, bob }
}

describe("kill -9", () => {
  it.runIf(full)("of the sender whose peer is away: 200 messages wait, and arrive once and in order", async () => {
    const { address, alice, bob, homes } = await pair()
    await bob.kill("SIGKILL")
    send(alice)
    await atLeast(alice, "sent", TEXTS.length)
    await alice.kill("SIGKILL")
    const again = await client("alice", address, homes.alice)
    await again.event("kept", { peer: "bob", undelivered: TEXTS.length })
    const back = await client("bob", address, homes.bob)
    // More than an invitation carries is said only to those who asked, in this life too.
    back.command({ cmd: "query", nick: "alice" })
    await atLeast(back, "message", TEXTS.length)
    await atLeast(again, "delivered", TEXTS.length)
    expect(texts(back)).toEqual(TEXTS)
  })

  it.runIf(full)("of the sender in the middle: what was accepted arrives, once and in order", async () => {
    const { address, alice, bob, homes } = await pair()
    send(alice)
    await atLeast(alice, "sent", 1)
    await alice.kill("SIGKILL")
    const accepted = count(alice, "sent")
    const again = await client("alice", address, homes.alice)
    await atLeast(bob, "message", accepted)
    again.command({ cmd: "query", nick: "bob" }, { cmd: "send", to: "bob", text: "last" })
    await bob.event("message", { text: "last" })
    const arrived = texts(bob).slice(0, -1)
    expect(arrived.length).toBeGreaterThanOrEqual(accepted)
    expect(arrived).toEqual(TEXTS.slice(0, arrived.length))
  })

  it("of the receiver in the middle: nothing is lost, and nothing comes again that is known to be delivered", async () => {
    const { address, alice, bob, homes } = await pair()
    send(alice)
    await atLeast(bob, "message", 20)
    await bob.kill("SIGKILL")
    const delivered = count(alice, "delivered")
    const back = await client("bob", address, homes.bob)
    // More than an invitation carries is said only to those who asked, in this life too.
    back.command({ cmd: "query", nick: "alice" })
    await atLeast(alice, "delivered", TEXTS.length)
    const before = texts(bob)
    // Who heard it may have said so, and we may have read that first; a quick one heard all before it was killed.
    if (before.length < TEXTS.length) await back.event("message", { text: TEXTS.at(-1) })
    const after = texts(back)
    expect(before).toEqual(TEXTS.slice(0, before.length))
    expect(after).toEqual(TEXTS.slice(TEXTS.length - after.length))
    expect(before.length + after.length).toBeGreaterThanOrEqual(TEXTS.length)
    // The one that was on the screen and not yet on the disk.
    expect(before.length + after.length).toBeLessThanOrEqual(TEXTS.length + 1)
    expect(after.length).toBeLessThanOrEqual(TEXTS.length - delivered)
  })

  it.runIf(full)("of both in the middle: what was sent arrives, in order, and at most one of it again", async () => {
    const { address, alice, bob, homes } = await pair()
    send(alice)
    await atLeast(bob, "message", 20)
    await Promise.all([alice.kill("SIGKILL"), bob.kill("SIGKILL")])
    const [sent, before] = [count(alice, "sent"), texts(bob)]
    const back = await client("bob", address, homes.bob)
    const again = await client("alice", address, homes.alice)
    back.command({ cmd: "query", nick: "alice" })
    again.command({ cmd: "query", nick: "bob" })
    await again.event("mutual")
    again.command({ cmd: "send", to: "bob", text: "last" })
    await back.event("message", { text: "last" })
    const after = texts(back).slice(0, -1)
    const different = [...new Set([...before, ...after])]
    expect(different.length).toBeGreaterThanOrEqual(sent)
    expect(different).toEqual(TEXTS.slice(0, different.length))
    expect(before.length + after.length).toBeLessThanOrEqual(different.length + 1)
  })
})
