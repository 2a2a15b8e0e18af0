import { describe, expect, it } from "vitest"
import * as Why from "../../../src/core/client/Why.js"
import { type FamilyKind, KINDS, UNKNOWN } from "../../../src/core/nat/Networks.js"
import type { PathReport, PeerReport } from "../../../src/core/peer/path/Report.js"

const candidate = (fields: Partial<PathReport>): PathReport => ({
  kind: "direct",
  address: "198.51.100.7:4000",
  rttMs: 40,
  source: "server",
  active: false,
  trusted: false,
  probes: 8,
  answers: 0,
  provenMsAgo: undefined,
  sent: 8,
  received: 0,
  packetBytes: 1_200,
  narrow: false,
  ...fields
})

const relay = candidate({
  kind: "relay",
  address: "AAAAAAAAAAE",
  active: true,
  probes: 1,
  answers: 1,
  provenMsAgo: 900
})

const report = (fields: Partial<PeerReport> = {}, paths: ReadonlyArray<PathReport> = [relay]): PeerReport => ({
  connected: true,
  policy: "prefer-direct",
  relayOffered: true,
  own: UNKNOWN,
  peer: UNKNOWN,
  sharedAddress: undefined,
  known: 2,
  told: 2,
  connection: { paths, sent: 40, lost: 2 },
  changes: [],
  ...fields
})

const bob = { nick: "bob", fingerprint: "12345", trust: "new" } as const

const explain = (...args: Parameters<typeof report>) =>
  Why.explain(bob, report(...args), "chat.example.org:9090", 100_000)

describe("why", () => {
  it("says of a direct path that all is well", () => {
    const path = candidate({ active: true, trusted: true, answers: 3, provenMsAgo: 2_000 })
    const why = explain({}, [path, { ...relay, active: false }])
    expect(why.path).toEqual({ kind: "direct", address: "198.51.100.7:4000", rttMs: 40 })
    expect(why.advice).toBeUndefined()
    expect(why.lines).toEqual([
      "bob is reached directly at 198.51.100.7:4000, with no server in between; 40 ms there and back.",
      "in use: 198.51.100.7:4000, told by the server: answered 2 s ago, 40 ms",
      "known: the relay at chat.example.org:9090: answered 1 s ago, 40 ms",
      "2 of 40 packets were lost on the way and sent again."
    ])
  })

  it("names the network that stands in the way, and what would help, for every pair of them", () => {
    const culprit = (own: FamilyKind, peer: FamilyKind) => {
      const why = explain({ own: { ipv4: own, ipv6: "absent" }, peer: { ipv4: peer, ipv6: "absent" } })
      expect(why.advice).toBeDefined()
      expect(why.lines[1]!.length).toBeGreaterThan(20)
      return why
    }
    for (const own of KINDS) for (const peer of KINDS) culprit(own, peer)
    expect(culprit("blocked", "easy").advice).toContain("let this program send and receive UDP")
    expect(culprit("easy", "blocked").advice).toContain("bob needs")
    expect(culprit("hard", "hard")).toMatchObject({ expected: "relay", networks: { own: "hard", peer: "hard" } })
    expect(culprit("hard", "hard").lines[1]).toContain("both")
    expect(culprit("easy", "hard").lines[1]).toContain("The router of bob")
    expect(culprit("easy", "easy")).toMatchObject({ expected: "direct" })
    expect(culprit("forwarded", "hard")).toMatchObject({ expected: "direct" })
  })

  /** What is said of homes that have two families, one, or the same address: expectation, and a word of the reason. */
  const HOMES: ReadonlyArray<
    readonly [string, { readonly own: string; readonly peer: string }, Why.Why["expected"], string]
  > = [
    ["IPv6 alone and IPv4 alone", { own: "absent none", peer: "easy absent" }, "relay", "You have IPv6 alone"],
    ["the other way about", { own: "hard absent", peer: "absent none" }, "relay", "bob has IPv6 alone"],
    ["IPv6 alone and both", { own: "absent none", peer: "hard none" }, "direct", "did not answer yet"],
    ["symmetric with IPv6 on both sides", { own: "hard none", peer: "hard none" }, "direct", "did not answer yet"],
    ["IPv6 on one side of two symmetric ones", { own: "hard none", peer: "hard absent" }, "relay", "both show"],
    ["IPv6 on one side, ordinary routers", { own: "easy none", peer: "easy absent" }, "direct", "did not answer yet"],
    ["IPv6 that is dead", { own: "hard blocked", peer: "hard none" }, "relay", "both show"],
    ["no UDP in either family", { own: "blocked blocked", peer: "easy none" }, "relay", "Your network lets no UDP"],
    ["no UDP, and IPv4 alone", { own: "easy none", peer: "blocked absent" }, "relay", "The network of bob lets no UDP"]
  ]

  it.each(HOMES)("knows families: %s", (_, kinds, expected, reason) => {
    const of = (text: string) => {
      const [ipv4, ipv6] = text.split(" ") as [FamilyKind, FamilyKind]
      return { ipv4, ipv6 }
    }
    const why = explain({ own: of(kinds.own), peer: of(kinds.peer) }, [relay, candidate({})])
    expect(why.expected).toBe(expected)
    expect(why.lines[1]).toContain(reason)
  })

  it("sees that two have one address that does not lead back inside", () => {
    const easy = { ipv4: "easy", ipv6: "absent" } as const
    const shared = { own: easy, peer: easy, sharedAddress: "198.51.100.7" }
    const why = explain(shared, [relay, candidate({})])
    expect(why.expected).toBe("relay")
    expect(why.lines[1]).toContain("at the same address, 198.51.100.7")
    expect(why.advice).toContain("the same Wi-Fi")
    expect(explain(shared, [relay, candidate({ probes: 2 })]).expected, "it may still answer").toBe("direct")
  })

  it("says that there is no relay where one is needed", () => {
    const hard = { ipv4: "hard", ipv6: "absent" } as const
    const why = explain({ own: hard, peer: hard, relayOffered: false, connected: false, connection: undefined })
    expect(why.expected).toBe("none")
    expect(why.lines).toContain("This server has no relay, so bob is reached directly or not at all.")
  })

  it("does not blame a network for what the user wanted", () => {
    const why = explain({ policy: "relay-only", own: { ipv4: "blocked", ipv6: "blocked" } })
    expect(why.lines[1]).toContain("does not learn your address")
    expect(why.advice).toBe("allow direct paths: /path bob prefer-direct")
    expect(explain({ policy: "relay-only", relayOffered: false }).lines[1]).toContain("this server has none")
  })

  it("sees that the peer hides", () => {
    const why = explain({ own: { ipv4: "easy", ipv6: "absent" }, peer: { ipv4: "easy", ipv6: "absent" } })
    expect(why.lines[1]).toBe("bob has told no address to try, and may want the relay only.")
    expect(why.advice).toBe("ask bob to allow direct paths")
    expect(explain({}, [relay, candidate({})]).advice).toContain("parley doctor")
  })

  it("tells when the path changed, in words and in order", () => {
    const path = { kind: "relay", address: "AAAAAAAAAAE", rttMs: 80 } as const
    const why = explain({
      changes: [
        { at: 1_000, path, reason: "first" },
        { at: 40_000, path: { kind: "direct", address: "198.51.100.7:4000", rttMs: 40 }, reason: "better" },
        { at: 99_900, path: undefined, reason: "ended" }
      ]
    })
    expect(why.lines.slice(-3)).toEqual([
      "2 min ago: through the relay, the first way that worked",
      "60 s ago: directly to 198.51.100.7:4000, because it answered and is better",
      "just now: the connection ended"
    ])
    expect(why.changes[0]).toEqual({
      msAgo: 99_000,
      path: { ...path, address: "chat.example.org:9090" },
      reason: "first"
    })
  })

  it("has something to say about a peer that is not connected", () => {
    const { connection: _, ...rest } = report()
    const why = Why.explain(bob, { ...rest, connection: undefined }, "", 0)
    expect(why.lines[0]).toBe("bob is not connected now.")
    expect(why.candidates).toEqual([])
    expect(why.path).toBeUndefined()
  })
})
