import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, it } from "vitest"
import { available, Lab } from "./Lab.js"
import { converse, type Person } from "./Talk.js"

/** Behind each of the first two is a router that forwards ports, behind the third one that does not. */
const TOPOLOGY = `
nat first type=symmetric delay=12
host upnp behind=first
nat second type=symmetric delay=12
host pcp behind=second
host far nat=symmetric delay=12
`

/** What the routers of homes speak, and the address that they are given: those of laboratories are not believed. */
const ROUTERS = [
  { home: "upnp", nat: "first", address: "1.2.3.1" },
  { home: "pcp", nat: "second", address: "1.2.3.2" }
] as const

const TABLE = `table inet miniupnpd {
  chain prerouting { type nat hook prerouting priority -110; policy accept; jump prerouting_miniupnpd; }
  chain postrouting { type nat hook postrouting priority 90; policy accept; jump postrouting_miniupnpd; }
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
}
`

const configuration = (folder: string, { address, home }: (typeof ROUTERS)[number]) => `ext_ifname=wan0
ext_ip=${address}
listening_ip=lan0
enable_upnp=${home === "upnp" ? "yes" : "no"}
enable_natpmp=${home === "pcp" ? "yes" : "no"}
secure_mode=yes
uuid=11111111-2222-3333-4444-55555555555${address.at(-1)}
upnp_table_name=miniupnpd
upnp_nat_table_name=miniupnpd
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
lease_file=${join(folder, "leases")}
allow 1024-65535 192.168.0.0/16 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`

const hasRouter = spawnSync("which", ["miniupnpd"], { stdio: "ignore" }).status === 0

// Everywhere: a file without a test is an error, and not all machines have laboratories.
it("gives each router an address of its own", ({ expect }) => {
  expect(new Set(ROUTERS.map(({ address }) => address)).size).toBe(ROUTERS.length)
})

if (available && hasRouter)
  describe("a symmetric home whose router forwards ports", () => {
    let lab: Lab
    const people = new Map<string, Person>()

    /** The forwardings of a router. */
    const forwarded = async (nat: string) =>
      (await lab.at(nat, "nft", "list", "chain", "inet", "miniupnpd", "prerouting_miniupnpd")).match(/dnat/g) ?? []

    const settle = async (nat: string, count: number) => {
      while ((await forwarded(nat)).length !== count) await new Promise((resolve) => setTimeout(resolve, 100))
    }

    beforeAll(async () => {
      lab = await Lab.start(TOPOLOGY)
      const folder = lab.home("routers")
      mkdirSync(folder)
      for (const router of ROUTERS) {
        const own = join(folder, router.nat)
        mkdirSync(own)
        writeFileSync(join(own, "table"), TABLE)
        writeFileSync(join(own, "configuration"), configuration(own, router))
        await lab.at(router.nat, "nft", "-f", join(own, "table"))
        const outside = JSON.parse(await lab.at(router.nat, "ip", "-j", "-4", "addr", "show", "dev", "wan0"))
        const via: string = outside[0].addr_info[0].local
        await lab.at(router.nat, "ip", "addr", "add", `${router.address}/32`, "dev", "wan0")
        for (const node of ["srv", "far-gw", ...ROUTERS.map(({ nat }) => nat)])
          if (node !== router.nat) await lab.at(node, "ip", "route", "add", `${router.address}/32`, "via", via)
        lab.serve(router.nat, "miniupnpd", "-d", "-P", join(own, "pid"), "-f", join(own, "configuration"))
      }
      for (const person of await lab.people(["upnp", "pcp", "far"])) people.set(person.nick, person)
    })

    afterAll(() => lab.close())

    it.each(ROUTERS)("is on a direct path to another symmetric home: $home", async ({ home, nat }) => {
      await settle(nat, 1)
      await converse(people.get(home)!, people.get("far")!, "direct")
      people.get(home)!.program.command({ cmd: "exit" })
      await people.get(home)!.program.exited
      await settle(nat, 0)
    })
  })
