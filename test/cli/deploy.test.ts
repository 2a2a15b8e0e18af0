import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { type Options, surfaceOf } from "../../src/cli/commands/Option.js"
import { server } from "../../src/cli/commands/Server.js"

const read = (name: string): string => readFileSync(`deploy/${name}`, "utf8")

const surfaces = Object.entries(server.options as Options).map(([key, option]) => surfaceOf(key, option))

/** What starts the server: of the unit, and of the container. */
const COMMANDS = [
  /^ExecStart=(.*)$/m.exec(read("parley-server.service"))?.[1]?.split(" ") ?? [],
  JSON.parse(/^CMD (\[.*\])$/m.exec(read("Dockerfile"))?.[1] ?? "[]") as Array<string>
]

/** The nodes of a cluster. */
const NODES = [...read("cluster.yml").matchAll(/command:\s*\[\s*("server"[^\]]*)\]/g)].map(([, list]) =>
  [...list!.matchAll(/"([^"]*)"/g)].map(([, word]) => word!)
)

test("what starts a server names options that there are", () => {
  expect(NODES).toHaveLength(2)
  for (const words of [...COMMANDS, ...NODES]) {
    expect(words).toContain("server")
    const flags = words.filter((word) => word.startsWith("--"))
    expect(flags.length).toBeGreaterThan(1)
    expect(flags.filter((flag) => !surfaces.some((surface) => surface.flag === flag))).toEqual([])
  }
  const named = ["parley-server.service", "Dockerfile", "compose.yml", "cluster.yml"].flatMap((name) =>
    [...read(name).matchAll(/\bPARLEY_[A-Z_]+/g)].map(([variable]) => variable)
  )
  expect(named.length).toBeGreaterThan(2)
  expect(named.filter((variable) => !surfaces.some((surface) => surface.variable === variable))).toEqual([])
})

const value = (words: ReadonlyArray<string>, flag: string) => words[words.indexOf(flag) + 1]

test("the balancer of a cluster knows where its nodes are, and where to ask how they are", () => {
  const servers = [...read("haproxy.cfg").matchAll(/^ {2}server \S+ 127\.0\.0\.1:(\d+) port (\d+)$/gm)]
  const ports = NODES.map((node) => [value(node, "--port"), value(node, "--metrics")])
  expect(servers.map(([, port, metrics]) => [port, metrics])).toEqual(ports)
  expect(read("cluster.yml")).toContain("./haproxy.cfg:")
  for (const node of NODES) expect(read("cluster.yml")).toContain(String(Number(value(node, "--port")) + 1))
})

test("the nodes of a cluster share a Redis and a secret, and nothing else", () => {
  const [one = [], two = []] = NODES
  for (const flag of ["--redis", "--cluster-secret-file"]) expect(value(one, flag)).toBe(value(two, flag))
  for (const flag of ["--port", "--metrics", "--node-listen"]) expect(value(one, flag)).not.toBe(value(two, flag))
  expect(read("cluster.yml")).toContain(`http://127.0.0.1:${value(two, "--metrics")}/healthz`)
})

test("who asks a server how it is asks where it tells", () => {
  for (const words of COMMANDS) expect(words[words.indexOf("--metrics") + 1]).toBe("9464")
  expect(read("prometheus.yml")).toContain('targets: ["127.0.0.1:9464"]')
  expect(read("Dockerfile")).toContain("http://127.0.0.1:9464/healthz")
  expect(read("parley-server.service")).toContain("http://127.0.0.1:9464/")
  for (const file of ["prometheus.yml", "alerts.yml", "Dockerfile"]) expect(read("compose.yml")).toContain(file)
})
