import { execFile } from "node:child_process"
import { createSocket } from "node:dgram"
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Endpoint from "../../domain/Endpoint.js"

/**
 * The IPv4 address of the router that the default route names; `undefined` where there is none, or no way to learn it.
 */
export const gateway: Effect.Effect<string | undefined> = Effect.suspend(() => {
  switch (process.platform) {
    case "linux":
      return Effect.tryPromise(() => readFile("/proc/net/route", "latin1")).pipe(Effect.map(fromProc))
    case "darwin":
      return fromCommand("/sbin/route", ["-n", "get", "-inet", "default"], fromRoute)
    case "win32":
      return fromCommand("route", ["print", "-4", "0.0.0.0"], fromRoutePrint)
    default:
      return Effect.succeed(undefined)
  }
}).pipe(Effect.orElseSucceed(() => undefined))

/**
 * Of Linux's `/proc/net/route`: addresses are hexadecimal in the byte order of the machine, least significant first on
 * all we run on.
 */
export const fromProc = (table: string): string | undefined => {
  const routes = table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, destination, , flags]) => destination === ANYWHERE && (Number.parseInt(flags ?? "", 16) & RTF_GATEWAY) !== 0
    )
    .sort((left, right) => Number(left[6]) - Number(right[6]))
  const bytes = Buffer.from(routes[0]?.[2] ?? "", "hex").reverse()
  return bytes.length === 4 ? Endpoint.fromBytes(new Uint8Array(bytes), 0)?.address : undefined
}

/** Of what `route -n get default` prints on BSD systems. */
export const fromRoute = (text: string): string | undefined => {
  const address = /^\s*gateway: (\S+)$/m.exec(text)?.[1]
  const endpoint = address === undefined ? undefined : Endpoint.make(address, 0)
  return endpoint?.family === "ipv4" ? endpoint.address : undefined
}

/** Of what `route print -4 0.0.0.0` prints on Windows, in any language: the way to anywhere with the lowest metric. */
export const fromRoutePrint = (text: string): string | undefined => {
  const routes = text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([destination, mask]) => destination === "0.0.0.0" && mask === "0.0.0.0")
    .sort((left, right) => Number(left[4]) - Number(right[4]))
  return Endpoint.make(routes[0]?.[2] ?? "", 0)?.address
}

/** Our own IPv4 address towards another one; nothing is sent for it. `undefined` where no way leads there. */
export const localAddress = (to: string): Effect.Effect<string | undefined> =>
  Effect.async<string | undefined>((resume) => {
    const socket = createSocket("udp4")
    const end = (address?: string) => {
      socket.close()
      resume(Effect.succeed(address))
    }
    socket.once("error", () => end())
    socket.connect(ANY_PORT, to, () => end(socket.address().address))
  })

const fromCommand = (command: string, args: ReadonlyArray<string>, read: (output: string) => string | undefined) =>
  Effect.async<string | undefined>((resume, signal) => {
    execFile(command, args, { signal, timeout: COMMAND_TIMEOUT, windowsHide: true }, (error, output) =>
      resume(Effect.succeed(error === null ? read(output) : undefined))
    )
  })

const ANYWHERE = "00000000"
/** Of `linux/route.h`: the route leads through a router. */
const RTF_GATEWAY = 2
/** One has to be named; none is spoken to. */
const ANY_PORT = 9
/** Milliseconds; it reads a table of the kernel. */
const COMMAND_TIMEOUT = 1_000
