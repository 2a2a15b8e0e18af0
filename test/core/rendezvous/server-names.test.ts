import { describe, expect, it } from "vitest"
import { ServerNames } from "../../../src/core/rendezvous/ServerNames.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"

const from = (remote: string, local = "10.0.0.5:9090") => ({
  remote: Endpoint.parse(remote)!,
  local: Endpoint.parse(local)!
})
const OUTSIDE = from("198.51.100.7:40000")
const INSIDE = from("127.0.0.1:40000", "127.0.0.1:9090")

describe("the names of a server", () => {
  const names = new ServerNames(["Chat.Example.ORG", "edge.example.org:443", "2001:db8::1", "[2001:DB8::2]:443", "nas"])

  it.each([
    "chat.example.org:9090",
    "edge.example.org:443",
    "[2001:db8::1]:9090",
    "[2001:db8::2]:443",
    "nas:9090",
    // The address that the client came to.
    "10.0.0.5:9090"
  ])("are %s, wherever somebody comes from", (name) => expect(names.includes(name, OUTSIDE)).toBe(true))

  it.each([
    // Another server on the same host.
    "chat.example.org:9091",
    "edge.example.org:9090",
    "10.0.0.5:9091",
    "10.0.0.6:9090",
    "evil.example.org:9090",
    "chat.example.org.evil.org:9090",
    "chat.example.org",
    "Chat.Example.ORG:9090",
    "localhost:9090",
    "127.0.0.1:9090",
    ""
  ])("are not %j", (name) => expect(names.includes(name, OUTSIDE)).toBe(false))

  it("are those of the machine for whoever is on it", () => {
    expect(names.includes("localhost:9090", INSIDE)).toBe(true)
    expect(names.includes("127.0.0.1:9090", INSIDE)).toBe(true)
    expect(names.includes("localhost:9091", INSIDE)).toBe(false)
  })

  it("have the port that the server is known by, too, whatever port somebody came to", () => {
    const known = new ServerNames(["chat.example.org"])
    const web = from("198.51.100.7:40000", "10.0.0.5:443")
    expect(known.includes("chat.example.org:9090", web)).toBe(false)
    known.port = 9090
    for (const name of ["chat.example.org:9090", "chat.example.org:443", "10.0.0.5:9090", "10.0.0.5:443"])
      expect(known.includes(name, web)).toBe(true)
    expect(known.includes("chat.example.org:8443", web)).toBe(false)
    expect(known.missing("talk.example.org:9090", web)).toBe("talk.example.org")
  })

  it("say what is missing, as it is typed", () => {
    expect(names.missing("talk.example.org:9090", OUTSIDE)).toBe("talk.example.org")
    expect(names.missing("talk.example.org:443", OUTSIDE)).toBe("talk.example.org:443")
    expect(names.missing("[2001:db8::9]:9090", OUTSIDE)).toBe("[2001:db8::9]")
    expect(names.missing("talk\u001b[2J:9090", OUTSIDE)).toBeUndefined()
    for (const name of ["talk.example.org:9090", "talk.example.org:443", "[2001:db8::9]:9090"])
      expect(new ServerNames([names.missing(name, OUTSIDE)!]).includes(name, OUTSIDE)).toBe(true)
  })
})
