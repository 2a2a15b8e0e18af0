import { describe, expect, it } from "vitest"
import { unfit } from "../../../src/layers/redis/Server.js"

/** What Redis 7.0, and Valkey 8.0 which names some things otherwise, say of themselves. */
const ENGINES = {
  Redis: { redis_version: "7.0.15", redis_mode: "standalone" },
  Valkey: { redis_version: "7.2.4", server_name: "valkey", valkey_version: "8.0.1", server_mode: "standalone" }
}
const COMMON = { role: "master", maxmemory_policy: "noeviction", cluster_enabled: "0" }

const fault = (fields: Readonly<Record<string, string>>, isKnown = false) =>
  unfit(
    `# Server\r\n${Object.entries(fields)
      .map(([name, value]) => `${name}:${value}\r\n`)
      .join("")}`,
    isKnown
  )

describe.each(Object.entries(ENGINES))("what %s says of itself", (_name, engine) => {
  it("lets names be kept in it, or tells why not", () => {
    const fit = { ...engine, ...COMMON }
    expect(fault(fit)).toBeUndefined()
    expect(fault({ ...fit, cluster_enabled: "1" })).toContain("Cluster")
    expect(fault({ ...fit, redis_version: "6.2.14" })).toContain("older than")
    expect(fault({ ...fit, maxmemory_policy: "allkeys-lru" })).toContain("allkeys-lru")
    expect(fault({ ...fit, role: "slave" })).toContain("has to be that of the primary")
    expect(fault({ ...fit, role: "slave" }, true)).toContain("a replica now")
  })
})
