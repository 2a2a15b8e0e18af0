import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, it } from "vitest"
import { Report } from "../../src/cli/doctor/Report.js"
import { available, Lab } from "./Lab.js"
import { converse, type Person } from "./Talk.js"

const TOPOLOGY = `
host open
host port nat=port-restricted
host symmetric nat=symmetric
host blocked nat=udp-blocked
nat turn type=port-restricted hairpin=1
host turner behind=turn
nat office type=port-restricted
host ann behind=office
host bob behind=office
nat elsewhere type=full-cone
host eve behind=elsewhere
`

/** What the doctor finds at home, and says of the route to a peer behind a symmetric NAT. */
const HOMES = [
  {
    node: "open",
    udp: true,
    translated: false,
    mapping: "endpoint-independent",
    filtering: "endpoint-independent",
    route: "direct"
  },
  {
    node: "port",
    udp: true,
    translated: true,
    mapping: "endpoint-independent",
    filtering: "address-and-port-dependent",
    route: "relay"
  },
  {
    node: "symmetric",
    udp: true,
    translated: true,
    mapping: "address-and-port-dependent",
    filtering: "address-and-port-dependent",
    route: "relay"
  },
  {
    node: "blocked",
    udp: false,
    translated: undefined,
    mapping: "endpoint-independent",
    filtering: "endpoint-independent",
    route: "relay"
  },
  {
    node: "turner",
    udp: true,
    translated: true,
    mapping: "endpoint-independent",
    filtering: "address-and-port-dependent",
    route: "relay",
    hairpin: true
  }
] as const

const decode = Schema.decodeUnknownSync(Schema.parseJson(Report))

// Everywhere: a file without a test is an error, and not all machines have laboratories.
it("names each home once", ({ expect }) => {
  expect(new Set(HOMES.map(({ node }) => node)).size).toBe(HOMES.length)
})

if (available)
  describe("programs on real networks", () => {
    let lab: Lab

    beforeAll(async () => {
      lab = await Lab.start(TOPOLOGY)
    })

    afterAll(() => lab.close())

    it.concurrent.for(HOMES)("doctor examines the network: $node", async (home, { expect }) => {
      const examine = async (): Promise<typeof Report.Type> => {
        const doctor = lab.program(home.node, ["doctor", "--server", await lab.address("srv"), "--json"])
        expect([await doctor.exited, doctor.stderr]).toEqual([0, ""])
        const report = decode(doctor.stdout)
        // Where the machine is so busy that its time is over before it has found anything out, it is asked again.
        return report.networks.length > 0 ? report : examine()
      }
      const { networks, routes, udp } = await examine()
      expect(udp.map(({ reachable }) => reachable)).toEqual([home.udp, home.udp])
      const { filtering, hairpin, mapping, translated, udp: passes } = networks[0]!
      expect({ filtering: filtering.best, mapping: mapping.best, translated, udp: passes }).toEqual({
        filtering: home.filtering,
        mapping: home.mapping,
        translated: home.translated,
        udp: home.udp
      })
      if ("hairpin" in home) expect(hairpin).toBe(home.hairpin)
      expect(routes.find(({ peer }) => peer.startsWith("symmetric"))!.route).toBe(home.route)
    })

    it("people on one local network find each other without a server, and nobody elsewhere", async ({ expect }) => {
      const meet = async (nick: string): Promise<Person> => {
        const program = lab.program(nick, [
          "client",
          "--nick",
          nick,
          "--lan",
          "--no-server",
          "--home",
          lab.home(nick),
          "--json"
        ])
        await program.event("registered", { nick })
        return { nick, program }
      }
      const [ann, bob, eve] = await Promise.all(["ann", "bob", "eve"].map(meet))
      // Whoever is asked for has 3 s to answer, so both are there first.
      await Promise.all([ann!.program.event("joined", { nick: "bob" }), bob!.program.event("joined", { nick: "ann" })])
      await converse(ann!, bob!, "lan")
      for (const { program } of [bob!, eve!]) program.command({ cmd: "list", ref: "all" })
      const listed = await Promise.all([bob!, eve!].map(({ program }) => program.event("peers", { ref: "all" })))
      const nicks = listed.map(({ peers }) =>
        (peers as ReadonlyArray<{ readonly nick: string }>).map(({ nick }) => nick)
      )
      expect(nicks).toEqual([["bob", "ann"], ["eve"]])
      ann!.program.command({ cmd: "exit" })
      await bob!.program.event("left", { nick: "ann" })
      expect(await ann!.program.exited).toBe(0)
    })
  })
