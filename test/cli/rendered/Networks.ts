import type { Findings } from "../../../src/cli/doctor/Diagnosis.js"
import { print } from "../../../src/cli/doctor/Print.js"
import * as Report from "../../../src/cli/doctor/Report.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as Why from "../../../src/core/client/Why.js"
import { DEPENDENCIES, exactly, UNKNOWN } from "../../../src/core/nat/Behaviour.js"
import type { NatReport } from "../../../src/core/nat/NatReport.js"
import { KINDS, UNKNOWN as UNKNOWN_NETWORKS } from "../../../src/core/nat/Networks.js"
import { PathReason } from "../../../src/core/peer/path/PathHistory.js"
import { POLICIES } from "../../../src/core/peer/path/Policy.js"
import type { PathReport, PeerReport } from "../../../src/core/peer/path/Report.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { fromCause, withoutTls } from "../../../src/layers/node/DialErrors.js"
import { BOB, IPV4, IPV6, NOW, SERVER, SERVER_KEYS } from "./Samples.js"

const at = (text: string) => Endpoint.parse(text)!

/** What came of asking there: an answer after `rttMs`, or none. */
const udp = (address: string, rttMs: number | undefined): Findings["reflector"][number] => ({
  endpoint: at(address),
  reachable: rttMs !== undefined,
  refused: false,
  large: undefined,
  rttMs
})

const failed = (code: string) => Object.assign(new Error(code), { code })

/** Why a server cannot be dialled, for each kind of cause and of address. */
export const dials = (): ReadonlyArray<string> =>
  [
    { host: "chat.example.org", port: 9090 },
    { host: "2001:db8::1", port: 9090 },
    { host: "fe80::1%eth0", port: 9090 }
  ].flatMap((options) => [
    ...["ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EINVAL", "EPERM"].map(
      (code) => fromCause(options, failed(code)).message
    ),
    ...["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_UNSUPPORTED_PROTOCOL", "ECONNRESET"].map(
      (code) => withoutTls(options, failed(code)).message
    )
  ])

const nat: NatReport = {
  family: "ipv4",
  udp: true,
  server: true,
  mapped: at("203.0.113.5:50000"),
  translated: true,
  portPreserved: true,
  mapping: exactly("endpoint-independent"),
  filtering: exactly("address-and-port-dependent"),
  hairpin: false,
  rttMs: 21
}

/** One of each kind: NAT and none, each mapping and filtering, and what cannot be known. */
const NETWORKS: ReadonlyArray<NatReport> = [
  nat,
  { ...nat, server: false, hairpin: true, portPreserved: false, rttMs: undefined },
  { ...nat, translated: false, hairpin: undefined },
  { ...nat, translated: undefined, mapped: undefined },
  { ...nat, udp: false },
  { ...nat, family: "ipv6", mapped: at(IPV6), translated: false, hairpin: undefined, filtering: UNKNOWN },
  ...DEPENDENCIES.flatMap((one) => [
    { ...nat, mapping: exactly(one) },
    { ...nat, filtering: exactly(one) }
  ]),
  { ...nat, mapping: UNKNOWN, filtering: UNKNOWN }
]

const reached: Findings = {
  server: { host: "chat.example.org", port: 9090 },
  others: [],
  answer: {
    _tag: "Reached",
    remote: at("198.51.100.1:9090"),
    welcome: { server: "parley/0.1.0", udp: [9090, 9091], relay: true } as unknown as (Findings["answer"] & {
      _tag: "Reached"
    })["welcome"],
    rttMs: 12.3,
    certificate: undefined,
    clockDifferenceMs: 5
  },
  wall: NOW,
  reflector: [udp("198.51.100.1:9090", 12)],
  stun: [],
  unknownNames: [],
  local: [{ family: "ipv4", address: "192.168.1.5", loopback: false } as Findings["local"][number]],
  networks: [nat]
}
const answer = reached.answer as Findings["answer"] & { _tag: "Reached" }

type Reason = (Findings["answer"] & { _tag: "Failed" })["reason"]
const PROBLEMS: { readonly [R in Reason]: string } = {
  Refused: "nobody is listening at chat.example.org:9090",
  TimedOut: "no answer from chat.example.org:9090",
  HostNotFound: "no address is known for the host chat.example.org",
  Unreachable: "there is no way to chat.example.org:9090 (ENETUNREACH)",
  NoTls: "chat.example.org:9090 does not speak TLS",
  Other: "cannot connect to chat.example.org:9090: EPERM",
  NoWeb: "chat.example.org:443 answered 404 to the request for a WebSocket",
  Proxy:
    "the proxy http://192.0.2.1:3128 of HTTPS_PROXY wants to know who asks (it says 407): write HTTPS_PROXY as http://USER:PASSWORD@192.0.2.1:3128",
  NoParley: "the server closed the connection without a word; is it a parley server?"
}

const visits = (): ReadonlyArray<Findings> => [
  reached,
  {
    ...reached,
    others: [
      { server: { host: "chat.example.net", port: 9090 }, problem: undefined },
      { server: { host: "2001:db8::9", port: 9090 }, problem: "nobody listens at [2001:db8::9]:9090" }
    ]
  },
  { ...reached, server: { host: "2001:db8::1", port: 9090 }, answer: { ...answer, remote: at(IPV6) } },
  { ...reached, answer: { ...answer, clockDifferenceMs: 31 * 86_400_000 } },
  { ...reached, answer: { ...answer, clockDifferenceMs: -57 * 365 * 86_400_000 } },
  {
    ...reached,
    answer: { ...answer, remote: at("127.0.0.1:9090") },
    networks: [{ ...nat, mapped: at("127.0.0.1:5000"), translated: false }]
  },
  { ...reached, answer: { ...answer, remote: at("192.168.1.1:9090") } },
  { ...reached, answer: { ...answer, certificate: { key: SERVER_KEYS[0], problem: undefined } } },
  {
    ...reached,
    answer: { ...answer, certificate: { key: SERVER_KEYS[0], problem: "its certificate is signed by itself" } }
  },
  {
    ...reached,
    answer: { ...answer, welcome: { ...answer.welcome, tokenRequired: true, udp: [] } },
    reflector: [],
    networks: []
  },
  {
    ...reached,
    answer: { ...answer, via: { port: 9090, isWeb: false, proxy: "http://192.0.2.1:3128" } },
    reflector: [],
    networks: []
  },
  { ...reached, answer: { ...answer, welcome: { ...answer.welcome, relay: false } } },
  { ...reached, reflector: [udp("198.51.100.1:9090", undefined)] },
  { ...reached, reflector: [{ ...udp("198.51.100.1:9090", undefined), refused: true }] },
  { ...reached, reflector: [{ ...udp("198.51.100.1:9090", 12), large: false }] },
  {
    ...reached,
    stun: [udp("203.0.113.9:3478", 9)],
    unknownNames: ["stun.example.org"]
  },
  ...NETWORKS.map((network) => ({ ...reached, networks: [network] })),
  ...Object.entries(PROBLEMS).map(
    ([reason, problem]): Findings => ({
      ...reached,
      answer: { _tag: "Failed", reason: reason as Reason, problem },
      reflector: [],
      networks: []
    })
  ),
  { ...reached, answer: { _tag: "Failed", reason: "Refused", problem: PROBLEMS.Refused }, networks: [] },
  ...(["Refused", "NoParley"] as const).map(
    (reason): Findings => ({
      ...reached,
      answer: { _tag: "Failed", reason, problem: PROBLEMS[reason] },
      reflector: reached.reflector.map((each) => ({ ...each, reachable: false })),
      networks: []
    })
  ),
  {
    ...reached,
    answer: { _tag: "Failed", reason: "TimedOut", problem: PROBLEMS.TimedOut },
    unknownNames: ["chat.example.org"],
    local: [],
    networks: [],
    reflector: []
  }
]

/** Each line that `parley doctor` can print, once. */
export const doctor = (): ReadonlyArray<string> => [
  ...new Set(
    visits().flatMap((findings) =>
      print(Report.make(findings), Palette.make(false), Number.POSITIVE_INFINITY).split("\n")
    )
  )
]

const path = (more: Partial<PathReport>): PathReport => ({
  kind: "direct",
  address: IPV4,
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
  ...more
})
const relay = path({ kind: "relay", address: "AAAAAAAAAAE", active: true, probes: 1, answers: 1, provenMsAgo: 900 })

const report = (more: Partial<PeerReport> = {}, paths: ReadonlyArray<PathReport> = [relay, path({})]): PeerReport => ({
  connected: true,
  policy: "prefer-direct",
  relayOffered: true,
  own: UNKNOWN_NETWORKS,
  peer: UNKNOWN_NETWORKS,
  sharedAddress: undefined,
  known: 2,
  told: 2,
  connection: { paths, sent: 40, lost: 2 },
  changes: [],
  ...more
})

/** Each sentence that `/why` can say, once. */
export const whys = (): ReadonlyArray<string> => {
  const reports = [
    report({ connection: undefined, connected: false }),
    report({}, [path({ active: true, provenMsAgo: 2_000 })]),
    report({}, [
      path({ active: true, kind: "lan", address: "192.168.1.7:4000", source: "peer", provenMsAgo: 3_700_000 })
    ]),
    report({}, [path({ active: true, address: IPV6, source: "seen", provenMsAgo: 600_000 })]),
    report({}, [path({ active: true, provenMsAgo: 2_000, packetBytes: 1_024, narrow: true })]),
    report({}, [relay]),
    report({}, [relay, path({}), path({ address: IPV6, probes: 1 })]),
    ...POLICIES.flatMap((policy) => [report({ policy }), report({ policy, relayOffered: false })]),
    ...KINDS.flatMap((own) =>
      KINDS.map((peer) => report({ own: { ipv4: own, ipv6: "absent" }, peer: { ipv4: peer, ipv6: "absent" } }))
    ),
    report({ own: { ipv4: "absent", ipv6: "none" }, peer: { ipv4: "easy", ipv6: "absent" } }),
    report({
      own: { ipv4: "easy", ipv6: "absent" },
      peer: { ipv4: "easy", ipv6: "absent" },
      sharedAddress: IPV4.replace(/:.*/, "")
    }),
    report({ relayOffered: false, connected: false, connection: undefined }),
    report({
      changes: [
        { at: 0, path: undefined, reason: "ended" },
        ...PathReason.literals
          .slice(0, 4)
          .map((reason) => ({ at: 99_000, path: { kind: "direct" as const, address: IPV4, rttMs: 1 }, reason }))
      ]
    }),
    report({ changes: [{ at: 99_900, path: { kind: "relay", address: "", rttMs: 1 }, reason: "policy" }] })
  ]
  const said = reports.map((one) =>
    Why.explain({ nick: "bob", fingerprint: BOB.fingerprint, trust: "new" }, one, SERVER, 100_000)
  )
  return [
    ...new Set(
      said.flatMap(({ advice, lines }) => [...lines, ...(advice === undefined ? [] : [`to make it direct: ${advice}`])])
    )
  ]
}
