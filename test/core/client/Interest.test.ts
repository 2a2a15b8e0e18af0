import { beforeEach, describe, expect, it } from "vitest"
import { Contacts } from "../../../src/core/client/Contacts.js"
import type { OwnProfile } from "../../../src/core/client/OwnRecord.js"
import { Presence } from "../../../src/core/client/Presence.js"
import { Reintroduction } from "../../../src/core/client/Reintroduction.js"
import * as Control from "../../../src/protocol/Control.js"
import { fingerprint, peerId } from "../../support/ids.js"
import { Context, conversation } from "./Context.js"

let context: Context
let presence: Presence
let contacts: Contacts

beforeEach(() => {
  context = new Context()
  contacts = new Contacts()
  context.own.profile = { contacts } as OwnProfile
  context.own.registration = { nick: "ann", address: "", fingerprint: fingerprint("print of ann") }
  presence = new Presence(context, new Reintroduction(context))
  presence.begin(0)
})

const meet = (nick: string, lastTalked?: number) => {
  const peer = peerId(nick)
  contacts.meet({ peer, fingerprint: fingerprint(`print of ${nick}`), nick, now: 1 })
  contacts.name(peer, nick)
  if (lastTalked !== undefined) contacts.update(peer, { lastTalked })
}

/** What the server is asked for now: `+bob` to be told of bob, `-bob` no more, `*` for everybody. */
const asks = (): ReadonlyArray<string> => {
  presence.advance(0)
  const found: Array<string> = []
  for (let output = context.link.pollTransmit(); output !== undefined; output = context.link.pollTransmit()) {
    const { _tag, nicks = ["*"] } = JSON.parse(new TextDecoder().decode(output as Uint8Array))
    const sign = _tag === "Watch" ? "+" : "-"
    expect(nicks.length).toBeLessThanOrEqual(24)
    for (const nick of nicks) found.push(sign + nick)
  }
  return found
}

const here = (...nicks: ReadonlyArray<string>) => ({ _tag: "Watching", here: nicks.map((nick) => ({ nick })) }) as const

const told = () =>
  context
    .events()
    .map((event) => `${event._tag} ${"nicks" in event ? event.nicks.join() : "nick" in event && event.nick}`)

describe("the server is asked to tell of", () => {
  it("nobody before we are registered", () => {
    meet("bob")
    context.own.registration = undefined
    expect(asks()).toEqual([])
  })

  it("those whom we talk to, wait for and know, never ourselves, once each, and again in each session", () => {
    meet("bob")
    meet("ann")
    context.introduce(conversation("Bob"))
    context.introduce(conversation("caller", { asked: false }))
    context.pending.add(peerId("paul"), "paul")
    presence.asked("absent", undefined)
    expect(asks()).toEqual(["+Bob", "+print of Bob", "+paul", "+absent"])
    expect(asks()).toEqual([])
    presence.begin(0)
    expect(asks()).toEqual(["+Bob", "+print of Bob", "+paul", "+absent"])
  })

  it("whom our user names, and not any more", () => {
    expect(presence.watch("dave")).toBeUndefined()
    expect(presence.watch("no name")).toMatchObject({ _tag: "NickInvalid" })
    expect(asks()).toEqual(["+dave"])
    presence.unwatch("Dave")
    expect(asks()).toEqual(["-dave"])
  })

  it("everybody, as long as our user wants that", () => {
    presence.watch(undefined)
    expect(asks()).toEqual(["+*"])
    presence.unwatch(undefined)
    expect(asks()).toEqual(["-*"])
  })

  it("as many as it takes: those named first, then those talked to last; blocked ones never", () => {
    for (let i = 0; i < 200; i++) meet(`known${i}`, i)
    contacts.update(peerId("known199"), { blockedAt: 1 })
    for (let i = 0; i < 64; i++) expect(presence.watch(`named${i}`)).toBeUndefined()
    expect(presence.watch("one-more")).toMatchObject({ _tag: "Busy" })
    const asked = asks()
    expect(asked).toHaveLength(128)
    expect(asked.slice(0, 2)).toEqual(["+named0", "+named1"])
    expect(asked.slice(64, 66)).toEqual(["+known198", "+known197"])
    presence.unwatch("named0")
    expect(asks(), "there is room for one more").toEqual(["-named0", "+known134"])
  })

  it("the last sixteen who were asked for in vain", () => {
    for (let i = 0; i < 20; i++) presence.asked(`absent${i}`, undefined)
    expect(asks()).toHaveLength(16)
    expect(asks()).not.toContain("+absent3")
  })
})

describe("a server that has no room for all", () => {
  const full = { _tag: "Refused", refusal: new Control.Busy({ message: "more nicknames cannot be watched" }) } as const
  /** The server grants the first so many requests of those that `asks` has given, and refuses the others. */
  const answer = (asked: ReadonlyArray<string>, granted: number, now = 0) => {
    const nicks = asked.filter((text) => text.startsWith("+")).map((text) => text.slice(1))
    for (let at = 0; at < nicks.length; at += 24) {
      expect(asks(), "nothing while answers are under way").toEqual([])
      presence.handleWatching(nicks.slice(at, at + 24), at < granted * 24 ? here() : full, now)
    }
  }

  it("tells of those who come first, whoever they become, and is asked for the others again", () => {
    for (let i = 0; i < 128; i++) meet(`known${i}`, i)
    answer(asks(), 2, 1_000)
    expect(asks(), "it is not asked at once").toEqual([])
    context.introduce(conversation("bob"))
    expect(asks()).toEqual(["-known81", "-known80", "+bob", "+print of bob"])
    presence.handleWatching(["bob", "print of bob"], here(), 2_000)
    expect(presence.pollTimeout()).toBe(61_000)
    presence.handleTimeout(60_999)
    expect(asks()).toEqual([])
    presence.handleTimeout(61_000)
    const again = asks()
    expect(again).toHaveLength(80)
    expect(again[0]).toBe("+known81")
    answer(again, 4)
    expect(asks()).toEqual([])
    expect(presence.pollTimeout()).toBeUndefined()
  })

  it("may have less room than our user has named", () => {
    for (let i = 0; i < 64; i++) presence.watch(`named${i}`)
    answer(asks(), 2)
    expect(asks()).toEqual([])
    // Nobody is told gone of whom nothing is known.
    presence.handle({ _tag: "Presence", here: [], gone: ["named63"] }, 0)
    expect(told()).toEqual([])
    presence.unwatch("named0")
    expect(asks()).toEqual(["-named0", "+named48"])
  })

  it("is asked for all by a new session", () => {
    for (let i = 0; i < 64; i++) meet(`known${i}`, i)
    answer(asks(), 1)
    presence.begin(0)
    expect(asks()).toHaveLength(64)
    expect(presence.pollTimeout()).toBeUndefined()
  })
})

describe("our user is told", () => {
  it("who is here already, in one piece, but not of whom they just asked for", () => {
    for (let i = 0; i < 30; i++) meet(`known${i}`)
    context.introduce(conversation("bob"))
    asks()
    presence.asked("bob", "bob")
    presence.handleWatching(["bob", "known0"], here("bob", "known0"), 0)
    expect(told()).toEqual([])
    presence.handleWatching(["known24"], here("known24"), 0)
    expect(told()).toEqual(["Present known0,known24"])
  })

  it("who comes and goes", () => {
    presence.asked("bob", undefined)
    asks()
    presence.handleWatching(["bob"], here(), 0)
    presence.handle({ _tag: "Presence", here: [{ nick: "bob" }], gone: [] }, 0)
    presence.handle({ _tag: "Presence", here: [{ nick: "bob" }], gone: [] }, 0)
    presence.handle({ _tag: "Presence", here: [], gone: ["bob", "never"] }, 0)
    expect(told()).toEqual(["Joined bob", "Left bob"])
  })

  it("by a server that tells of everybody only of whom we watch", () => {
    meet("bob")
    asks()
    presence.handleWatching(["bob"], { _tag: "Watching", here: undefined }, 0)
    for (const nick of ["bob", "eve"]) presence.handle({ _tag: "Joined", nick, fingerprint: "" }, 0)
    for (const nick of ["bob", "eve"]) presence.handle({ _tag: "Left", nick, fingerprint: "" }, 0)
    expect(told()).toEqual(["Joined bob", "Left bob"])
    meet("carol")
    expect(asks(), "it is not asked again").toEqual([])
    presence.handle({ _tag: "Joined", nick: "carol", fingerprint: "" }, 0)
    expect(told()).toEqual(["Joined carol"])
  })

  it("after an outage what it has changed: at once who is back, and after a while who is not", () => {
    for (const nick of ["back", "late", "lost", "new"]) meet(nick)
    asks()
    presence.handleWatching(["all"], here("back", "late", "lost"), 0)
    expect(told()).toEqual(["Present back,late,lost"])
    presence.begin(1_000)
    asks()
    presence.handleWatching(["all"], here("back", "new"), 1_000)
    presence.handle({ _tag: "Presence", here: [{ nick: "late" }], gone: [] }, 5_000)
    expect(told()).toEqual(["Present new"])
    const until = presence.pollTimeout()!
    expect(until).toBe(31_000)
    presence.handleTimeout(until - 1)
    expect(told()).toEqual([])
    presence.handleTimeout(until)
    expect(told()).toEqual(["Left lost"])
    expect(presence.pollTimeout()).toBeUndefined()
  })

  it("nothing of a server that refuses to watch, and what it did not answer is asked again in the next session", () => {
    meet("bob")
    asks()
    presence.handleWatching(["bob"], { _tag: "Unanswered" }, 0)
    expect(told()).toEqual([])
    presence.begin(0)
    expect(asks()).toEqual(["+bob"])
  })
})

describe("a peer that takes another nickname", () => {
  it("is watched under that too", () => {
    const bob = context.introduce(conversation("bob"))
    asks()
    presence.handleWatching(["bob"], here("bob"), 0)
    presence.handle({ _tag: "Presence", here: [{ nick: "bobby", fingerprint: bob.fingerprint }], gone: ["bob"] }, 0)
    expect(bob).toMatchObject({ listed: "bobby", absent: true })
    expect(asks()).toEqual(["+bobby"])
  })
})
