import { describe, expect, it } from "vitest"
import { ServerLink } from "../../../src/core/client/ServerLink.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { line, WELCOME } from "./Context.js"

const at = (text: string) => Endpoint.parse(text)!
const LOCAL = at("192.168.1.5:50000")
const REMOTE = at("198.51.100.1:9090")

const link = () => new ServerLink<string>({ random: (length) => new Uint8Array(length) })

const connected = () => {
  const made = link()
  made.setWanted(true)
  expect(made.pollDial()).toEqual([0])
  made.handleConnected(LOCAL, REMOTE, 0)
  made.handleBytes(line(WELCOME), 1)
  expect(made.pollEvent()).toMatchObject({ _tag: "Ready", remote: REMOTE })
  return made
}

const events = (made: ServerLink<string>) => {
  const found: Array<string> = []
  for (let event = made.pollEvent(); event !== undefined; event = made.pollEvent())
    found.push(event._tag === "Answered" ? `${event.purpose}: ${event.reply?._tag}` : event._tag)
  return found
}

describe("a link to the server", () => {
  it("is dialled only while it is wanted, once at a time", () => {
    const made = link()
    expect(made.pollDial()).toBeUndefined()
    made.setWanted(true)
    made.setWanted(true)
    expect(made.pollDial()).toEqual([0])
    expect(made.pollDial()).toBeUndefined()
    made.handleDisconnected("refused", 100)
    expect(made.pollEvent()).toEqual({ _tag: "Lost", message: "refused", retryInMs: 50 })
    made.handleTimeout(149)
    expect(made.pollDial()).toBeUndefined()
    made.handleTimeout(made.pollTimeout()!)
    expect(made.pollDial()).toEqual([0])
    made.setWanted(false)
    made.handleDisconnected("refused", 200)
    expect(events(made), "a link that nothing is wanted of is no loss").toEqual([])
    expect(made.pollTimeout()).toBeUndefined()
  })

  it("answers each request once, and tells that it is gone before the requests that are left", () => {
    const made = connected()
    made.request({ _tag: "Query", nick: "bob" }, "first", 10)
    made.request({ _tag: "List" }, "second", 10)
    made.handleBytes(line({ _tag: "NoSuchPeer", id: 1, message: "nobody" }), 20)
    expect(events(made)).toEqual(["first: NoSuchPeer"])
    made.handleDisconnected("reset", 30)
    expect(events(made)).toEqual(["Down", "second: undefined", "Lost"])
    made.request({ _tag: "List" }, "third", 40)
    expect(events(made)).toEqual(["third: undefined"])
  })

  it("comes back no earlier than the server wants, at most ten minutes later", () => {
    for (const [inMs, wait] of [
      [30_000, 30_000],
      [1e9, 600_000]
    ]) {
      const made = connected()
      made.handleBytes(line({ _tag: "Restarting", inMs, spreadMs: 0 }), 0)
      made.handleDisconnected("ended", 0)
      expect(made.pollEvent()).toEqual({ _tag: "Down" })
      expect(made.pollEvent()).toEqual({ _tag: "Lost", message: "the server restarts", retryInMs: wait })
    }
  })

  it("is given up at once when this machine has lost the address that it comes from", () => {
    const made = connected()
    made.addressesGone(["10.0.0.1"])
    expect(made.pollTransmit()).toBeUndefined()
    made.addressesGone(["192.168.1.5"])
    expect(made.pollTransmit()).toBe("destroy")
    made.handleDisconnected("local", 10)
    made.pollEvent()
    expect(made.pollEvent()).toMatchObject({ _tag: "Lost", message: "this machine's network changed" })
  })

  it("says goodbye and is never dialled again", () => {
    const made = connected()
    made.close("direct", 10)
    const goodbye = made.pollTransmit()
    expect(JSON.parse(new TextDecoder().decode(goodbye as Uint8Array))).toEqual({ _tag: "Exit", mood: "direct" })
    expect(made.pollTransmit()).toBe("end")
    made.handleDisconnected("ended", 20)
    made.setWanted(true)
    made.handleTimeout(1e9)
    expect(made.pollDial()).toBeUndefined()
    expect(events(made)).toEqual(["Down"])
  })
})

describe("a link to one of three servers", () => {
  const made = () => {
    const link = new ServerLink<string>({ random: (length) => new Uint8Array(length), servers: 3 })
    link.setWanted(true)
    return link
  }
  /** The server greets and lets us in. */
  const letIn = (link: ServerLink<string>, server: number, now: number) => {
    link.handleConnected(LOCAL, REMOTE, now, { server })
    link.handleBytes(line(WELCOME), now)
    link.settled(now)
    events(link)
  }
  /** Whom it dials next, once it has waited, and when. */
  const next = (link: ServerLink<string>) => {
    const now = link.pollTimeout()!
    link.handleTimeout(now)
    return { now, dialled: link.pollDial() }
  }

  it("prefers the first, and dials all of them anew when the one in use is gone", () => {
    const link = made()
    expect(link.pollDial()).toEqual([0, 1, 2])
    letIn(link, 0, 0)
    link.handleDisconnected("reset", 10)
    expect(events(link)).toEqual(["Down", "Lost"])
    expect(next(link).dialled).toEqual([0, 1, 2])
  })

  it("goes on, without a word, where one does not let us in, and says so when all had their turn", () => {
    const link = made()
    link.pollDial()
    link.handleConnected(LOCAL, REMOTE, 0, { server: 0 })
    expect(link.hasOther).toBe(true)
    link.handleDisconnected("did not greet", 10)
    expect(events(link)).toEqual(["Down"])
    expect(next(link).dialled).toEqual([1, 2])
    link.distrust("another key", 2)
    link.handleDisconnected("local", 20)
    expect(events(link)).toEqual([])
    expect(next(link).dialled).toEqual([1])
    link.handleDisconnected("refused", 30)
    expect(link.hasOther).toBe(false)
    expect(events(link)).toEqual(["Lost"])
    expect(next(link).dialled).toEqual([0, 1, 2])
  })

  it("leaves a server in peace that asks for time, and waits where all do", () => {
    const link = made()
    link.pollDial()
    for (const server of [0, 1, 2]) {
      link.handleConnected(LOCAL, REMOTE, 0, { server })
      link.handleBytes(line(WELCOME), 0)
      link.handleBytes(line({ _tag: "Restarting", inMs: 60_000 + server, spreadMs: 0 }), 0)
      link.handleDisconnected("ended", 0)
      const { dialled, now } = next(link)
      expect(dialled).toEqual([[1, 2], [2], [0]][server])
      if (server === 2) expect(now).toBe(60_000)
      else expect(now).toBeLessThan(1_000)
    }
  })

  it("looks for a better one, later and later, and goes there unless somebody waits for an answer", () => {
    const link = made()
    link.pollDial()
    letIn(link, 2, 0)
    const waits: Array<number> = []
    for (let now = 0, pings = 0; waits.length < 6; pings++) {
      const at = link.pollTimeout()!
      // What the link asks by itself is answered.
      link.handleTimeout(at)
      link.handleBytes(line({ _tag: "Pong", id: pings + 1 }), at)
      if (link.pollLook()?.join() !== "0,1") continue
      waits.push(at - now)
      now = at
    }
    expect(waits).toEqual([45_000, 90_000, 180_000, 360_000, 450_000, 450_000])
    while (link.pollTransmit() !== undefined);
    link.request({ _tag: "List" }, "list", 2e6)
    link.handleBetter("it is back")
    expect(link.ready).toBe(true)
    while (link.pollTransmit() !== undefined);
    link.handleDisconnected("reset", 2e6)
    link.setWanted(true)
    next(link)
    letIn(link, 1, 3e6)
    link.handleBetter("it is back")
    expect(link.ready).toBe(false)
    expect(link.pollTransmit()).toBe("destroy")
    link.handleDisconnected("local", 3e6)
    expect(link.pollEvent()).toEqual({ _tag: "Down" })
    expect(link.pollEvent()).toMatchObject({ _tag: "Lost", message: "it is back" })
  })

  it("never looks at one that was not the one that we mean", () => {
    const link = made()
    link.pollDial()
    link.distrust("another key", 0)
    link.handleDisconnected("local", 0)
    next(link)
    letIn(link, 1, 0)
    for (let i = 0; i < 20; i++) link.handleTimeout(link.pollTimeout()!)
    expect(link.pollLook()).toBeUndefined()
  })
})
