import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What a link does to each packet, in either direction. */
export interface LinkSettings {
  /** ms. */
  readonly delay: number
  /** Percent, each packet by itself. */
  readonly loss?: number
  /** Mbit/s of whole Ethernet frames; as fast as it goes when left out. */
  readonly rate?: number
  /** kB that wait for the rate; more is dropped. */
  readonly queue?: number
  /**
   * Congestion controls for TCP at both ends, the first that the kernel lets us have; the kernel's own choice when left
   * out.
   */
  readonly tcp?: ReadonlyArray<string>
}

/**
 * Two hosts, `a` and `b`, in network namespaces of their own, with a link between them that a program in C delays and
 * loses packets on (`natlab`, a tool beside the repository). It is gone with `close`, and also when this process ends
 * in any other way.
 */
export class Link {
  private constructor(
    private readonly tool: string,
    private readonly id: string,
    private readonly owner: ChildProcess,
    private readonly folder: string
  ) {}

  /** `seed`: of the losses; the same packets lose the same. */
  static async open(tool: string, settings: LinkSettings, seed: number): Promise<Link> {
    const { delay, loss = 0, rate = 0, queue = 0, tcp } = settings
    const folder = mkdtempSync(join(tmpdir(), "parley-link-"))
    const file = join(folder, "topology")
    writeFileSync(
      file,
      `option seed=${seed}\nserver b\nhost a delay=${delay} loss=${loss} rate=${rate} queue=${queue} emulate=1\n`
    )
    // `cat` ends with our end of the pipe, however we end, and natlab then takes everything down.
    const owner = spawn(tool, ["run", "-f", file, "--", "sh", "-c", 'echo "$NATLAB_ID"; exec cat'], {
      // Of a group of its own: a Ctrl-C is for us first, or programs would lose their network before they end.
      detached: true
    })
    const id = await new Promise<string>((resolve, reject) => {
      let errors = ""
      owner.stderr.on("data", (data) => {
        errors += data
      })
      owner.stdout.once("data", (data) => resolve(String(data).trim()))
      owner.once("error", reject)
      owner.once("close", (code) => reject(new Error(`natlab ended with ${code}: ${errors}`)))
    })
    const link = new Link(tool, id, owner, folder)
    if (tcp?.some((control) => ["a", "b"].every((side) => link.control(side, control))) === false) {
      await link.close()
      throw new Error(`the kernel lets TCP have none of ${tcp.join(", ")} in a namespace`)
    }
    return link
  }

  address(side: string): string {
    return execFileSync(this.tool, ["addr", this.id, side], { encoding: "utf8" }).trim()
  }

  /** The words that a command begins with to run at a side. */
  within(side: string): ReadonlyArray<string> {
    return [this.tool, "exec", this.id, side, "--"]
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.owner.once("close", resolve))
    this.owner.stdin!.end()
    await closed
    rmSync(this.folder, { recursive: true, force: true })
  }

  private control(side: string, name: string): boolean {
    const [command, ...args] = [...this.within(side), "sysctl", "-qw", `net.ipv4.tcp_congestion_control=${name}`]
    return works(command!, ...args)
  }
}

/** Why this machine cannot have links, for people; `undefined` when it can. */
export const whyNoLinks = (tool: string): string | undefined => {
  if (process.platform !== "linux") return "network namespaces are Linux's"
  if (!existsSync(tool)) return `the tool natlab is not at ${tool} (NATLAB names another place)`
  if (process.getuid?.() !== 0) return "network namespaces need root"
  const missing = ["ip", "nft", "sysctl", "flock", "cc"].filter((name) => !works("which", name))
  if (missing.length > 0) return `missing: ${missing.join(", ")} (Debian: iproute2 nftables procps util-linux gcc)`
  return works("unshare", "--net", "true") ? undefined : "this kernel gives us no network namespaces"
}

const works = (command: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0
