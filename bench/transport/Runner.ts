import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { cpus } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Figures } from "../support/Figures.js"
import { Link } from "./Link.js"
import { PARTS, type Part } from "./Parts.js"
import type { FromSide } from "./Pipe.js"

/** Runs parts, each in two processes of its own; the links that they need are built once and kept until `close`. */
export class Runner {
  private readonly links = new Map<Part, Promise<Link>>()
  private readonly children = new Set<ChildProcess>()

  constructor(
    private readonly options: {
      /** Where natlab is. */
      readonly tool: string
      /** The words that a command begins with to run on a processor of its own, for either side. */
      readonly pin: Readonly<Record<string, ReadonlyArray<string>>>
      /** Of which side to write a CPU profile to the current folder. */
      readonly prof: string | undefined
    }
  ) {}

  /** Rejects when a side fails or the part takes longer than its limit; no process of it is left then. */
  async run(part: Part): Promise<Figures> {
    const link = part.link && (await this.link(part))
    const figures: Record<string, number> = {}
    const sides = SIDES.map((side) => this.spawn(part, side, link))
    const expired = setTimeout(() => stop(sides), part.limit ?? LIMIT)
    try {
      await Promise.all(
        sides.map((side, index) => {
          side.on("message", (message: FromSide) => {
            if (message._tag === "Figures") Object.assign(figures, message.figures)
            // One that has ended needs no answer.
            else if (sides[1 - index]!.connected) sides[1 - index]!.send(message.value as never)
          })
          return new Promise<void>((resolve, reject) => {
            side.once("error", reject)
            side.once("exit", (code, signal) => {
              this.children.delete(side)
              if (code === 0) resolve()
              else reject(new Error(`side ${SIDES[index]} ended with ${code ?? signal}`))
            })
          })
        })
      )
    } finally {
      clearTimeout(expired)
      stop(sides)
    }
    return figures
  }

  async close(): Promise<void> {
    stop([...this.children])
    // What could not be opened has nothing to close, and was told where it was wanted.
    await Promise.allSettled([...this.links.values()].map(async (link) => (await link).close()))
  }

  private link(part: Part): Promise<Link> {
    const open = this.links.get(part) ?? Link.open(this.options.tool, part.link!, PARTS.indexOf(part))
    this.links.set(part, open)
    return open
  }

  private spawn(part: Part, side: string, link: Link | undefined): ChildProcess {
    const profile = this.options.prof === side ? ["--cpu-prof", `--cpu-prof-name=${part.name}-${side}.cpuprofile`] : []
    const [command, ...args] = [
      ...(link === undefined ? this.options.pin[side]! : []),
      ...(link?.within(side) ?? []),
      process.execPath,
      ...profile,
      SIDE,
      part.name,
      side,
      link?.address(side) ?? "127.0.0.1"
    ]
    const child = spawn(command!, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
    this.children.add(child)
    return child
  }
}

/**
 * Each side has a processor of its own. Left to itself the system puts two processes that wake each other on one
 * processor when the others are busy, and a round trip then takes a third of the time.
 */
export const pinned = (): Readonly<Record<string, ReadonlyArray<string>>> => {
  const possible = cpus().length >= SIDES.length && spawnSync("taskset", ["-c", "1", "true"]).status === 0
  return Object.fromEntries(SIDES.map((side, index) => [side, possible ? ["taskset", "-c", String(index)] : []]))
}

const stop = (sides: ReadonlyArray<ChildProcess>): void => {
  for (const side of sides) if (side.exitCode === null && side.signalCode === null) side.kill("SIGKILL")
}

const SIDES = ["a", "b"] as const
const SIDE = join(dirname(fileURLToPath(import.meta.url)), "Side.mjs")
/** ms: several times what the longest part takes on a busy machine. */
const LIMIT = 60_000
