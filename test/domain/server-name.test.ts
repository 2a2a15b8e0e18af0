import { describe, expect, it } from "vitest"
import * as ServerName from "../../src/domain/ServerName.js"

describe("the name of a server", () => {
  it.each([
    ["Chat.Example.ORG.", 9090, "chat.example.org:9090"],
    ["localhost", 1, "localhost:1"],
    ["192.0.2.1", 65_535, "192.0.2.1:65535"],
    ["2001:DB8:0::1", 9090, "[2001:db8::1]:9090"],
    ["::ffff:192.0.2.1", 9090, "192.0.2.1:9090"],
    ["fe80::1%eth0", 9090, "[fe80::1]:9090"]
  ])("of %s and %i has one spelling", (host, port, name) => {
    expect(ServerName.of(host, port)).toBe(name)
    expect(ServerName.parse(name)).toEqual({ host: name.slice(0, name.lastIndexOf(":")), port })
  })

  it("is shown as it may be typed", () => {
    expect(ServerName.shown("Chat.example.org", 9090)).toBe("Chat.example.org:9090")
    expect(ServerName.shown("::1", 9090)).toBe("[::1]:9090")
    expect(ServerName.shown("fe80::1%eth0", 9090)).toBe("[fe80::1%eth0]:9090")
  })

  it.each([
    "",
    "chat.example.org",
    ":9090",
    "Chat.example.org:9090",
    "chat.example.org.:9090",
    "chat.example.org:09090",
    "chat.example.org:99999",
    "2001:db8::1:9090",
    "[2001:DB8::1]:9090",
    "[::ffff:192.0.2.1]:9090",
    "chat example:9090",
    "chat\u001b:9090",
    "$(reboot):9090",
    `${"a".repeat(254)}:65535`
  ])("is not %j", (name) => expect(ServerName.parse(name)).toBeUndefined())
})
