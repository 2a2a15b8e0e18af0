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
  expect(made.pollDial()).toBe(true)
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
    expect(made.pollDial()).toBe(false)
    made.setWanted(true)
    made.setWanted(true)
    expect(made.pollDial()).toBe(true)
    expect(made.pollDial()).toBe(false)
    made.handleDisconnected("refused", 100)
    expect(made.pollEvent()).toEqual({ _tag: "Lost", message: "refused", retryInMs: 50 })
    made.handleTimeout(149)
    expect(made.pollDial()).toBe(false)
    made.handleTimeout(made.pollTimeout()!)
    expect(made.pollDial()).toBe(true)
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
    expect(made.pollDial()).toBe(false)
    expect(events(made)).toEqual(["Down"])
  })
})
