import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import * as ProxyAddress from "../../src/domain/ProxyAddress.js"

const chat = { host: "chat.example.org", port: 9090 }
const of = (env: Record<string, string>, server = chat) =>
  Either.map(ProxyAddress.ofEnvironment(env, server), (proxy) => proxy && ProxyAddress.shown(proxy))

describe("a proxy", () => {
  it.each([
    ["http://proxy.example.org:3128", "http://proxy.example.org:3128"],
    ["proxy.example.org:3128", "http://proxy.example.org:3128"],
    ["http://proxy.example.org", "http://proxy.example.org:80"],
    ["HTTPS://proxy.example.org/", "https://proxy.example.org:443"],
    ["socks5h://[2001:db8::5]", "socks5://[2001:db8::5]:1080"],
    ["socks5://fred:secret@192.0.2.1:1080", "socks5://192.0.2.1:1080"]
  ])("%s is shown as %s", (text, shown) =>
    expect(Either.map(ProxyAddress.parse(text, "--proxy"), ProxyAddress.shown)).toEqual(Either.right(shown))
  )

  it("has its user and password as they were before they were written into the address", () =>
    expect(ProxyAddress.parse("http://fr%65d:s%40%3A%25@192.0.2.1:1", "--proxy")).toMatchObject({
      right: { credentials: { user: "fred", password: "s@:%" }, origin: "--proxy" }
    }))

  it.each(["ftp://a", "http://", "http://a:b:c", "http://a/path", "http://%zz:x@a", `http://${"u".repeat(256)}@a`, ""])(
    "is not %j, of which nothing is shown",
    (text) => expect(Either.getOrThrow(Either.flip(ProxyAddress.parse(text, "--proxy")))).toMatch(/^a proxy is written/)
  )

  it("is that of the environment: small letters before large ones, HTTPS_PROXY before ALL_PROXY", () => {
    expect(of({})).toEqual(Either.right(undefined))
    expect(of({ ALL_PROXY: "socks5://a", HTTPS_PROXY: "" })).toEqual(Either.right("socks5://a:1080"))
    expect(of({ ALL_PROXY: "socks5://a", HTTPS_PROXY: "http://b" })).toEqual(Either.right("http://b:80"))
    expect(of({ HTTPS_PROXY: "http://b", https_proxy: "http://c" })).toEqual(Either.right("http://c:80"))
    expect(of({ HTTP_PROXY: "http://b" })).toEqual(Either.right(undefined))
    expect(Either.getOrThrow(Either.flip(of({ ALL_PROXY: "ftp://fred:secret@a" })))).toMatch(/^ALL_PROXY: a proxy is/)
  })

  it.each([
    ["*", true],
    ["example.org", true],
    [".example.org", true],
    ["*.example.org", true],
    ["chat.example.org:9090", true],
    ["chat.example.org:443", false],
    ["ample.org", false],
    ["other.org, CHAT.example.org", true],
    ["192.0.2.0/24", false]
  ])("is left out for NO_PROXY=%s: %s", (list, isLeftOut) =>
    expect(of({ HTTPS_PROXY: "http://b", NO_PROXY: list })).toEqual(Either.right(isLeftOut ? undefined : "http://b:80"))
  )

  it("is left out for addresses of blocks in NO_PROXY, and for this machine always", () => {
    const server = { host: "192.0.2.7", port: 9090 }
    expect(of({ HTTPS_PROXY: "b", no_proxy: "10.0.0.0/8,192.0.2.0/24" }, server)).toEqual(Either.right(undefined))
    expect(of({ HTTPS_PROXY: "b", no_proxy: "10.0.0.0/8" }, server)).toEqual(Either.right("http://b:80"))
    for (const host of ["localhost", "127.0.0.1", "::1"])
      expect(of({ HTTPS_PROXY: "b" }, { host, port: 9090 })).toEqual(Either.right(undefined))
  })
})
