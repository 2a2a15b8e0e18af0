import { spawn } from "node:child_process"
import { once } from "node:events"
import type { Figures } from "../support/Figures.js"
import type { StormOptions } from "./loads/Storm.js"
import * as Nodes from "./Nodes.js"
import { freePort, isInstalled, listening } from "./Others.js"
import { runLoad } from "./Runner.js"
import type { Size } from "./Stage.js"
import { Target } from "./Target.js"
import { memoryOf } from "./Usage.js"

/** Something that is measured, on servers of its own: figures by name. */
export interface Part {
  readonly name: string
  readonly about: string
  /** Why it cannot be measured here, for people. */
  readonly missing?: () => string | undefined
  readonly run: (size: Size) => Promise<Figures>
}

/** The same load on the floor and on the product, one after the other. */
const beside = (
  name: string,
  about: string,
  load: string,
  argument?: unknown,
  clients?: (size: Size) => number
): Part => ({
  name,
  about,
  run: async (size) => {
    const figures: Record<string, number> = {}
    for (const [prefix, start] of [
      ["floor: ", Target.floor],
      ["", Target.product]
    ] as const) {
      const target = await start()
      const order = { load, port: target.port, size: { ...size, clients: clients?.(size) ?? size.clients }, argument }
      // The floor relays datagrams without being told between whom.
      if (prefix !== "" && load === "datagrams") order.argument = "bare"
      try {
        Object.assign(figures, await runLoad(order, { pid: () => target.pid, prefix }))
      } finally {
        await target.stop()
      }
    }
    return figures
  }
})

const alone = (name: string, about: string, load: string, argument?: unknown): Part => ({
  name,
  about,
  run: async (size) => {
    const target = await Target.product(roomFor(size))
    try {
      return await runLoad({ load, port: target.port, size, argument }, { pid: () => target.pid })
    } finally {
      await target.stop()
    }
  }
})

/** Figures are called as those of `storm`, and what is different. */
function storm(name: string, about: string, options: StormOptions): Part {
  const suffix = name === "storm" ? "" : `, ${name.slice("storm-".length)}`
  return {
    name,
    about,
    run: async (size) => {
      let target = await Target.product(roomFor(size))
      const { port } = target
      const figures: Record<string, number> = {}
      const restart = async () => {
        figures["stop ms"] = await target.stop(options.killed === true ? "SIGKILL" : "SIGTERM")
        target = await Target.product({ port, ...roomFor(size) })
      }
      try {
        const order = { load: "storm", port, size, argument: options }
        const seen = await runLoad(order, { pid: () => target.pid, calls: { restart } })
        figures["storm: s of processor"] = seen["storm µs, all threads"]! / 1e6
        for (const [name, value] of Object.entries(seen)) if (name.startsWith("storm: ")) figures[name] = value
        return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name + suffix, value]))
      } finally {
        await target.stop()
      }
    }
  }
}

const PAIRS = 64

/** A server keeps some places for those who come back; here everybody is new to it. */
const roomFor = ({ clients }: Size) => ({ args: ["--max-connections", String(clients + clients / 5 + 100)] })

export const PARTS: ReadonlyArray<Part> = [
  beside("register", "connect, register, go", "registrations"),
  beside("identity", "the same with a proof of identity", "registrations", "identity"),
  beside("query", "introductions: new pairs, known pairs, ten in one write", "queries", undefined, ({ clients }) =>
    Math.min(clients, 6_000)
  ),
  beside("relay-lines", "packets over control links", "lines", undefined, () => PAIRS),
  beside("relay-datagrams", "packets in envelopes", "datagrams", undefined, () => PAIRS),
  alone("list", "the whole list, while another one pings", "lists"),
  alone("presence", "all clients watch those they know; 50 come and 50 go a second", "presence", "known"),
  alone("presence-all", "the same, all watch everybody", "presence", "everybody"),
  {
    name: "idle",
    about: "memory of sessions that do nothing",
    run: async (size) => {
      const target = await Target.product(roomFor(size))
      const seen: Array<{ readonly heap: number; readonly resident: number }> = []
      const look = async () => {
        const { heap } = await target.inside(true)
        seen.push({ heap: heap / 1_000, resident: memoryOf(target.pid).rss * 1_024 })
      }
      try {
        const order = { load: "idle", port: target.port, size, argument: undefined }
        await runLoad(order, { pid: () => target.pid, calls: { before: look, after: look } })
        const [before, after] = seen
        return {
          "idle session kB": (after!.resident - before!.resident) / size.clients,
          "idle session, heap kB": (after!.heap - before!.heap) / size.clients
        }
      } finally {
        await target.stop()
      }
    }
  },
  storm("storm", "the server restarts and everybody comes back, watching those they know", { presence: "known" }),
  storm("storm-all", "the same, all watch everybody", { presence: "everybody" }),
  storm("storm-proven", "the same as storm, each proves an identity", { presence: "known", proven: true }),
  storm("storm-killed", "the same as storm, by kill -9", { presence: "known", killed: true }),
  {
    name: "nodes",
    about: "claims through one of two nodes, introductions across them, where Redis is installed",
    missing: Nodes.missing,
    run: Nodes.run
  },
  {
    name: "mosquitto",
    about: "an MQTT broker does the nearest things, where Debian's mosquitto is installed",
    missing: () => (isInstalled("mosquitto") ? undefined : "mosquitto is not installed"),
    run: async (size) => {
      const port = await freePort()
      const child = spawn("mosquitto", ["-p", String(port)], { stdio: "ignore" })
      try {
        await listening(port)
        return await runLoad(
          { load: "broker", port, size, argument: undefined },
          { pid: () => child.pid!, prefix: "mosquitto: " }
        )
      } finally {
        child.kill()
        await once(child, "exit")
      }
    }
  }
]
