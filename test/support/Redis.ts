import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createClient } from "@redis/client"
import { freePort } from "./Ports.js"

/** Another engine of this kind may be tried: `PARLEY_REDIS_SERVER=valkey-server`. */
const PROGRAM = process.env.PARLEY_REDIS_SERVER ?? "redis-server"

/** A real Redis in a folder of its own, on a port of 127.0.0.1 that was free. */
export class Redis {
  readonly port: number
  readonly #folder: string
  readonly #more: ReadonlyArray<string>
  /** Of its configuration, if it has one. */
  readonly #file: string | undefined
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, more: ReadonlyArray<string>, file?: string) {
    this.#file = file
    this.port = port
    this.#folder = folder
    this.#more = more
  }

  /** `more`: options of redis-server. */
  static async start(...more: ReadonlyArray<string>): Promise<Redis> {
    for (let attempt = 0; ; attempt++) {
      const redis = new Redis(await freePort(), mkdtempSync(join(tmpdir(), "parley-redis-")), more)
      try {
        await redis.run()
        return redis
      } catch (cause) {
        await redis.stop()
        // Somebody else has taken the port meanwhile.
        if (attempt === 5) throw cause
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** A Sentinel that looks after the primary on this port under the name `names`; it alone decides. */
  static async sentinel(primary: number): Promise<Redis> {
    const folder = mkdtempSync(join(tmpdir(), "parley-sentinel-"))
    const file = join(folder, "sentinel.conf")
    const rules = ["down-after-milliseconds names 500", "failover-timeout names 3000"]
    const lines = [`monitor names 127.0.0.1 ${primary} 1`, ...rules].map((line) => `sentinel ${line}\n`)
    writeFileSync(file, lines.join(""))
    const sentinel = new Redis(await freePort(), folder, ["--sentinel"], file)
    await sentinel.run()
    return sentinel
  }

  /** Starts it, and waits until it answers; what it has kept on the disk is there again. */
  async run(): Promise<void> {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder]
    const ofKind = this.#file === undefined ? ["--save", ""] : []
    const file = this.#file === undefined ? [] : [this.#file]
    const child = spawn(PROGRAM, [...file, ...own, ...ofKind, ...this.#more], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    this.#process = child
    await new Promise<void>((resolve, reject) => {
      let said = ""
      child.stdout.on("data", (chunk) => {
        said += chunk
        if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
      })
      child.once("error", reject)
      child.once("exit", () => reject(new Error(`redis-server ended: ${said.slice(-500)}`)))
    })
  }

  /** Ends it without a word, like a machine that lost its power. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve())
      child.kill("SIGKILL")
    })
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  async command(...args: ReadonlyArray<string>): Promise<unknown> {
    const client = createClient({ RESP: 2, socket: { host: "127.0.0.1", port: this.port, reconnectStrategy: false } })
    client.on("error", () => {})
    await client.connect()
    try {
      return await client.sendCommand([...args])
    } finally {
      client.destroy()
    }
  }
}

/** Whether there is one on this machine. CI has to have it: there it counts as one that does not start. */
export const hasRedis = (): boolean => {
  if (process.env.CI !== undefined) return true
  try {
    execFileSync(PROGRAM, ["--version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** An address that stands for whatever Redis is on `port` now, as a virtual one does. */
export interface Place {
  port: number
  readonly url: string
  readonly close: () => void
}

export const inPlaceOf = ({ port }: { readonly port: number }): Promise<Place> =>
  new Promise((resolve, reject) => {
    const pipes = new Set<Socket>()
    const server = createServer((socket) => {
      const onward = connect(place.port, "127.0.0.1")
      pipes.add(socket.on("error", () => {})).add(onward.on("error", () => {}))
      socket.pipe(onward).pipe(socket)
      onward.once("close", () => socket.destroy())
      socket.once("close", () => onward.destroy())
    })
    const place = {
      port,
      url: "",
      close: () => {
        server.close()
        for (const pipe of pipes) pipe.destroy()
      }
    }
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      place.url = `redis://127.0.0.1:${(server.address() as { port: number }).port}`
      resolve(place)
    })
  })
