import { execFile, execFileSync, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterEach, describe, expect, it } from "vitest"
import { Program } from "../e2e/Program.js"
import { full } from "../support/Effort.js"
import { clientChecks } from "./client/Checks.js"
import { type Part, retire } from "./client/Context.js"
import type { Subject } from "./client/Subject.js"
import { CLIENT_PLANTS, LAN_PLANTS, type Plant, SERVER_PLANTS } from "./Plants.js"
import { line, type Result, runAll } from "./Report.js"
import { serverChecks } from "./server/Checks.js"
import { variant } from "./Variant.js"

const root = fileURLToPath(new URL("../../", import.meta.url))
/** A client that was written from docs/protocol.md alone, where it lies beside the repository. */
const foreign = fileURLToPath(new URL("../../../shared/interop/t2.py", import.meta.url))
const hasPython = ((): boolean => {
  try {
    execFileSync("python3", ["-c", "import cryptography"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

/** The suite on the local network is that of a network namespace with nothing in it. */
const ALONE = ["-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
const hasNamespaces = ((): boolean => {
  try {
    execFileSync("unshare", [...ALONE, "true"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

/** One after the other: what is seen has to come in time. */
describe("the conformance suite", { timeout: 300_000 }, () => {
  let clean: ReadonlyArray<() => void> = []
  afterEach(() => {
    for (const each of clean) each()
    clean = []
  })

  const mainOf = async (plant?: Plant): Promise<string> => {
    const { main, remove } = await variant(plant)
    clean = [...clean, remove]
    return main
  }

  const tryServer = async (main: string, rule: string): Promise<ReadonlyArray<Result>> => {
    const server = new Program(["server", "--host", "127.0.0.1", "--port", "0"], {}, { program: main })
    const [, port] = await server.prints(/listening on 127\.0\.0\.1:(\d+)/)
    const target = { host: "127.0.0.1", port: Number(port), name: `127.0.0.1:${port}`, open: new Set<never>() }
    return runAll(byRule(serverChecks, rule), target)
  }

  const tryClient = (main: string, rule: string): Promise<ReadonlyArray<Result>> =>
    tryCommand(`${process.execPath} ${main} client --json --nick {nick}`, rule)

  const tryCommand = async (
    command: string,
    rule: string,
    without: ReadonlyArray<Part> = []
  ): Promise<ReadonlyArray<Result>> => {
    const subject: Subject = { command: `${command} --server {host}:{port} --home {home}` }
    const results = await runAll(
      byRule(clientChecks({ isWire: false, isSlow: false, without: ["lan", ...without] }), rule),
      subject
    )
    await retire(subject)
    return results
  }

  /** As the suite is run by hand: its own process can be put into a namespace. */
  const tryLan = async (main: string, rule: string): Promise<ReadonlyArray<Result>> => {
    const client = `${process.execPath} ${main} client --json --lan --nick {nick} --server {host}:{port} --home {home}`
    const suite = [`${root}test/conformance/run.mjs`, "client", client, "--json", "--only", rule]
    const found = await promisify(execFile)("unshare", [...ALONE, process.execPath, ...suite]).catch(
      (failed: { readonly stdout: string }) => failed
    )
    return JSON.parse(found.stdout)
  }

  const broken = (results: ReadonlyArray<Result>) => results.filter(({ outcome }) => outcome !== "holds").map(line)

  it("finds nothing in our server", async () => {
    expect(broken(await tryServer(await mainOf(), full ? "" : "1.2"))).toEqual([])
  })

  it("finds nothing in our client", async () => {
    expect(broken(await tryClient(await mainOf(), full ? "" : "3.3"))).toEqual([])
  })

  it.runIf(full && hasNamespaces)("finds nothing in our client on the local network", async () => {
    expect(broken(await tryLan(await mainOf(), "4-"))).toEqual([])
  })

  it.runIf(full && hasPython)("finds nothing in the small client in Python", async () => {
    expect(
      broken(await tryCommand(`python3 ${root}examples/python/parley.py --nick {nick}`, "", ["files", "udp"]))
    ).toEqual([])
  })

  it.runIf(full && hasPython)("finds nothing in the small server in Python", async () => {
    const server = spawn("python3", [`${root}examples/python/server.py`, "--port", "0"])
    clean = [...clean, () => server.kill()]
    const port = await new Promise<number>((resolve) => {
      server.stdout.on("data", (line: Buffer) => resolve(Number(/:(\d+)/.exec(line.toString())?.[1])))
    })
    const target = { host: "127.0.0.1", port, name: `127.0.0.1:${port}`, open: new Set<never>() }
    expect(broken(await runAll(serverChecks, target))).toEqual([])
  })

  it.runIf(full && hasPython && existsSync(foreign))(
    "has a client that others wrote agree with our programs",
    async () => {
      const cases = [
        "initiator",
        "responder",
        "big",
        "credit_me",
        "credit_bob",
        "relay_me",
        "file_in",
        "file_out",
        "folder_both"
      ]
      const env = { ...process.env, PARLEY: root }
      const { stdout: said } = await promisify(execFile)("python3", [foreign, ...cases], { env })
      for (const name of cases) expect(said).toMatch(new RegExp(`^${name} .* ok `, "m"))
    }
  )

  const plants = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => (full ? all : all.slice(0, 1))

  it.each(plants(SERVER_PLANTS))("finds it when in a server $what", async (plant) => {
    const results = await tryServer(await mainOf(plant), plant.rule)
    expect(results.map(({ outcome }) => outcome)).toContain("broken")
  })

  it.each(plants(CLIENT_PLANTS))("finds it when in a client $what", async (plant) => {
    const results = await tryClient(await mainOf(plant), plant.rule)
    expect(results.map(({ outcome }) => outcome)).toContain("broken")
  })

  it.runIf(full && hasNamespaces).each(LAN_PLANTS)("finds it when on the local network $what", async (plant) => {
    const results = await tryLan(await mainOf(plant), plant.rule)
    expect(results.map(({ outcome }) => outcome)).toContain("broken")
  })
})

const byRule = <Check extends { readonly rule: string }>(checks: ReadonlyArray<Check>, rule: string) =>
  checks.filter((check) => rule === "" || check.rule === rule || check.rule.startsWith(`${rule}-`))
