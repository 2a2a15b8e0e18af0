import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Program } from "../e2e/Program.js"
import { full } from "../support/Effort.js"
import type { Person } from "./Talk.js"

/** The tool that builds networks out of namespaces, beside the repository: its README tells what it can do. */
const NATLAB = fileURLToPath(new URL("../../../shared/natlab/natlab", import.meta.url))

const works = (command: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0

/**
 * Whether there are laboratories: everything is to be tried, the tool is there, we are root, and the kernel gives us
 * namespaces.
 */
export const available: boolean =
  full &&
  existsSync(NATLAB) &&
  process.getuid?.() === 0 &&
  ["ip", "nft", "conntrack", "sysctl", "flock", "cc"].every((tool) => works("which", tool)) &&
  works("unshare", "--net", "true")

/** One internet of its own, with a rendezvous server at the node `srv`, gone with `close` or with this process. */
export class Lab {
  private readonly programs: Array<Program> = []
  private readonly daemons: Array<ChildProcess> = []

  private constructor(
    private readonly id: string,
    private readonly owner: ChildProcessWithoutNullStreams,
    private readonly folder: string
  ) {}

  /** `topology` in natlab's language, without the server. */
  static async start(topology: string): Promise<Lab> {
    const folder = mkdtempSync(join(tmpdir(), "parley-natlab-"))
    const file = join(folder, "topology")
    writeFileSync(file, `server srv\n${topology}\n`)
    // `cat` ends with our end of the pipe, however we end, and natlab then takes everything down.
    const owner = spawn(NATLAB, ["run", "-f", file, "--", "sh", "-c", 'echo "$NATLAB_ID"; exec cat'])
    const id = await new Promise<string>((resolve, reject) => {
      let errors = ""
      owner.stderr.on("data", (data) => {
        errors += data
      })
      owner.stdout.once("data", (data) => resolve(String(data).trim()))
      owner.once("close", (code) => reject(new Error(`natlab ended with ${code}: ${errors}`)))
    })
    const lab = new Lab(id, owner, folder)
    const server = lab.program("srv", ["server"])
    await server.prints(/listening on/)
    return lab
  }

  /** Starts a program at a node. */
  program(node: string, args: ReadonlyArray<string>): Program {
    const program = new Program(args, {}, { kept: true, within: [NATLAB, "exec", this.id, node, "--"] })
    this.programs.push(program)
    return program
  }

  /** A registered client at each of these nodes, which give them their nicknames, with these options. */
  async people(nodes: ReadonlyArray<string>, options: ReadonlyArray<string> = []): Promise<ReadonlyArray<Person>> {
    const server = await this.address("srv")
    const people: Array<Person> = []
    for (let at = 0; at < nodes.length; at += AT_ONCE)
      people.push(
        ...(await Promise.all(nodes.slice(at, at + AT_ONCE).map((node) => this.person(node, server, options))))
      )
    return people
  }

  private async person(nick: string, server: string, options: ReadonlyArray<string>): Promise<Person> {
    const args = ["client", "--nick", nick, "--server", server, "--home", this.home(nick), "--json", ...options]
    const program = this.program(nick, args)
    await program.event("registered", { nick })
    return { nick, program }
  }

  /** A folder for somebody's keys, gone with the lab. */
  home(nick: string): string {
    return join(this.folder, nick)
  }

  /** The address of a node: on its local network if it is on one. */
  address(node: string): Promise<string> {
    return this.natlab("addr", this.id, node)
  }

  /** Runs a command at a node. */
  at(node: string, ...command: ReadonlyArray<string>): Promise<string> {
    return this.natlab("exec", this.id, node, "--", ...command)
  }

  /** Runs a command at a node for as long as the laboratory is there; what it prints is not read. */
  serve(node: string, ...command: ReadonlyArray<string>): void {
    this.daemons.push(spawn(NATLAB, ["exec", this.id, node, "--", ...command], { stdio: "ignore" }))
  }

  /** Takes the uplink of a node away, and gives it back. */
  async cut(node: string): Promise<void> {
    await this.natlab("cut", this.id, node)
  }

  async heal(node: string): Promise<void> {
    await this.natlab("heal", this.id, node)
  }

  /** A NAT forgets everything, as after a power cut. */
  async reboot(nat: string): Promise<void> {
    await this.natlab("reboot", this.id, nat)
  }

  /** Unplugs a host from its local network and plugs it in behind another NAT. */
  async move(host: string, nat: string): Promise<void> {
    const segment = `nl-${this.id}-${nat}-lan`
    const space = `nl-${this.id}-${host}`
    const gateway = (await this.natlab("nodes", this.id))
      .split("\n")
      .map((line) => line.split(" "))
      .find(([name]) => name === nat)![3]!
    const ip = (...args: ReadonlyArray<string>) => run("ip", args)
    await ip("link", "add", "eth1", "netns", space, "type", "veth", "peer", "name", "moved", "netns", segment)
    await ip("-n", segment, "link", "set", "moved", "master", "br0", "up")
    await ip("-n", space, "link", "set", "eth0", "down")
    await ip("-n", space, "addr", "add", `${gateway.replace(/\.1$/, ".77")}/24`, "dev", "eth1")
    await ip("-n", space, "link", "set", "eth1", "up")
    await ip("-n", space, "route", "replace", "default", "via", gateway)
  }

  async close(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.kill("SIGKILL")))
    for (const daemon of this.daemons) daemon.kill()
    const closed = new Promise((resolve) => this.owner.once("close", resolve))
    this.owner.stdin.end()
    await closed
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }

  private natlab(...args: ReadonlyArray<string>): Promise<string> {
    return run(NATLAB, args)
  }
}

/** Programs that start together: a start is work for the processor, of which there may be few. */
const AT_ONCE = 3

const run = async (command: string, args: ReadonlyArray<string>): Promise<string> =>
  (await promisify(execFile)(command, [...args])).stdout.trim()
