import { describe, expect, it } from "vitest"
import { ServerWays, describe as say, viaOf, waysOf } from "../../../src/core/client/ServerWays.js"

const chat = { host: "chat.example.org", port: 9090 }
const own = { port: 9090, isEncrypted: false, isWeb: false }
const web = { port: 443, isEncrypted: true, isWeb: true }
const bare = { port: 443, isEncrypted: false, isWeb: false }

describe("the ways to a server", () => {
  it("are its port, then port 443 in a WebSocket, then what is as plain there", () =>
    expect(waysOf(chat, false, "auto")).toEqual([own, web, bare]))

  it("are never unencrypted where the server is to be encrypted, nor encrypted where it must not be", () => {
    expect(waysOf(chat, true, "auto")).toEqual([{ ...own, isEncrypted: true }, web])
    expect(waysOf(chat, false, "never")).toEqual([own, bare])
  })

  it("are one on this machine", () => {
    for (const host of ["localhost", "127.0.0.1", "::1"])
      expect(waysOf({ host, port: 9090 }, false, "auto")).toHaveLength(1)
  })

  it("that took a connection and said nothing come last, until all have", () => {
    const order = new ServerWays()
    const all = waysOf(chat, false, "auto")
    expect(order.order(all)).toEqual([own, web, bare])
    order.ended(own, false)
    expect(order.order(all)).toEqual([web, bare, own])
    order.ended(web, true)
    order.ended(bare, false)
    expect(order.order(all)).toEqual([web, own, bare])
    order.ended(web, false)
    expect(order.order(all)).toEqual([own, web, bare])
  })

  it("are told where they are not what the user said", () => {
    const proxy = { kind: "http", host: "192.0.2.1", port: 3128, origin: "HTTPS_PROXY" } as const
    const credentials = { user: "fred", password: "secret" }
    expect(viaOf(own, chat, undefined)).toBeUndefined()
    expect(say("chat.example.org:9090", viaOf(web, chat, undefined)!)).toBe(
      "chat.example.org:9090 is connected by port 443 in a WebSocket, as port 9090 was not reached in time"
    )
    expect(say("chat.example.org:9090", viaOf(own, chat, { ...proxy, credentials })!)).toBe(
      "chat.example.org:9090 is connected through the proxy http://192.0.2.1:3128"
    )
  })
})
