import { describe, expect, it } from "vitest"
import { ServerPins } from "../../../src/core/client/ServerPins.js"
import { type LinkPolicy, ServerTrust } from "../../../src/core/client/ServerTrust.js"
import type { Certificate } from "../../../src/domain/Certificate.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"

const NAME = "chat.example.org:9090"
const keyOf = (letter: string) => `SHA256:${letter.repeat(42)}A`
const [ONE, TWO] = [keyOf("a"), keyOf("b")]
const FAR = Endpoint.parse("198.51.100.1:9090")!
const NEAR = Endpoint.parse("127.0.0.1:9090")!
const self = (key: string): Certificate => ({ key, problem: "its certificate is signed by itself" })
const vouched = (key: string): Certificate => ({ key, problem: undefined })

/** A start of the program with this profile: the errors of one connection after the other. */
const judge = (
  pins: ServerPins,
  certificates: ReadonlyArray<Certificate | undefined>,
  policy: Partial<LinkPolicy> = {}
) => {
  const trust = new ServerTrust(NAME, { tls: "auto", ...policy })
  return certificates.map((certificate) => trust.judge({ remote: FAR, certificate }, pins, 1000)?.message ?? "trusted")
}

describe("the key of a server", () => {
  it("is pinned when it is seen first, and another one is refused with both", () => {
    const pins = ServerPins.empty()
    expect(judge(pins, [self(ONE)])).toEqual(["trusted"])
    expect(pins.get(NAME)).toEqual({ key: ONE, firstSeen: 1000 })
    const [same, other, vouchedFor] = judge(pins, [self(ONE), self(TWO), vouched(TWO)])
    expect(same).toBe("trusted")
    expect(other).toContain(`has changed from ${ONE} to ${TWO}`)
    expect(other).toContain(`--server-key ${TWO}`)
    // Authorities err, and a pin was perhaps compared by people.
    expect(vouchedFor).toBe(other)
    expect(pins.get(NAME)).toEqual({ key: ONE, firstSeen: 1000 })
  })

  it("may change where an authority vouches for the name, and that has to be so from then on", () => {
    const pins = ServerPins.empty()
    expect(judge(pins, [vouched(ONE), vouched(TWO)])).toEqual(["trusted", "trusted"])
    expect(pins.get(NAME)).toEqual({ firstSeen: 1000 })
    const [refused] = judge(pins, [self(TWO)])
    expect(refused).toContain("an authority vouched for the server chat.example.org:9090 until now")
    expect(refused).toContain(`--server-key ${TWO}`)
  })

  it("that the user names is taken in place of the pinned one, and no other", () => {
    const pins = ServerPins.empty()
    judge(pins, [self(ONE)])
    const [other, named] = judge(pins, [self(ONE), self(TWO)], { tls: "always", key: TWO })
    expect(other).toContain(`has the key ${ONE}, not ${TWO}`)
    expect(named).toBe("trusted")
    expect(judge(pins, [self(TWO)])).toEqual(["trusted"])
    expect(judge(pins, [self(ONE)])[0]).toContain("has changed")
  })

  it("is vouched for by those that the user names, or refused, whatever was pinned", () => {
    const pins = ServerPins.empty()
    judge(pins, [self(ONE)])
    expect(judge(pins, [self(ONE)], { tls: "always", authority: true })[0]).toContain("is not to be trusted")
    expect(judge(pins, [vouched(TWO)], { tls: "always", authority: true })).toEqual(["trusted"])
    expect(judge(pins, [vouched(ONE)])).toEqual(["trusted"])
  })

  it("is kept on disk, and nothing else is taken for it", () => {
    const pins = ServerPins.empty()
    judge(pins, [self(ONE)])
    pins.set("__proto__:1", { firstSeen: 5 })
    const again = ServerPins.decode(pins.encode())
    expect(again?.get(NAME)).toEqual({ key: ONE, firstSeen: 1000 })
    expect(again?.get("__proto__:1")).toEqual({ firstSeen: 5 })
    for (const text of [
      "",
      "{}",
      "[]",
      pins.encode().replace("SHA256:", "MD5:"),
      pins.encode().replace("1000", "1e999")
    ])
      expect(ServerPins.decode(text)).toBeUndefined()
  })
})

describe("a link", () => {
  const shallEncrypt = (pins: ServerPins, policy: Partial<LinkPolicy> = {}) =>
    new ServerTrust(NAME, { tls: "auto", ...policy }).shallEncrypt(pins)

  it("is encrypted where it was before, where the user says so, and not where the user says so", () => {
    const pins = ServerPins.empty()
    expect(shallEncrypt(pins)).toBe(false)
    expect(shallEncrypt(pins, { tls: "always" })).toBe(true)
    for (const certificate of [self(ONE), vouched(ONE)]) {
      const seen = ServerPins.empty()
      judge(seen, [certificate])
      expect(shallEncrypt(seen)).toBe(true)
      expect(shallEncrypt(seen, { tls: "never" })).toBe(false)
    }
  })

  it("that is not encrypted any more is refused with what to type", () => {
    const pins = ServerPins.empty()
    const trust = new ServerTrust(NAME, { tls: "always" })
    expect(trust.unencrypted("it does not speak TLS", pins).message).toContain("leave --tls out")
    judge(pins, [self(ONE)])
    expect(trust.unencrypted("it does not speak TLS", pins).message).toContain("start with --plain")
    expect(judge(pins, [undefined])[0]).toContain("start with --plain")
    expect(judge(pins, [undefined], { tls: "never" })).toEqual(["trusted"])
  })

  it("is told when it is up, and again when it has changed", () => {
    const trust = new ServerTrust(NAME, { tls: "auto" })
    const pins = ServerPins.empty()
    const news = (remote: Endpoint.Endpoint, certificate?: Certificate) => {
      trust.judge({ remote, certificate }, pins, 0)
      return trust.news()
    }
    expect(trust.news()).toBeUndefined()
    expect(news(FAR)).toEqual({ _tag: "Server", server: NAME, encryption: "none" })
    expect(trust.isOpen).toBe(true)
    expect(news(FAR)).toBeUndefined()
    expect(news(NEAR)).toMatchObject({ encryption: "local" })
    expect(trust.isOpen).toBe(false)
    expect(news(FAR, self(ONE))).toMatchObject({ encryption: "tls", key: ONE, trust: "new" })
    expect(news(FAR, self(ONE))).toBeUndefined()
    expect(trust.isOpen).toBe(false)
  })
})
