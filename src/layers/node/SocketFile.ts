import * as Fs from "node:fs"
import * as Net from "node:net"
import { dirname, resolve } from "node:path"
import process from "node:process"
import type { SocketFile } from "../../services/Listener.js"
import * as Exposure from "./Exposure.js"

/** Sockets of the file system. */

/**
 * Why there can be none at this path: half a sentence. Where nobody else may connect, nobody else may put a socket of
 * his own there either, and hear what is meant for ours.
 */
export const faultOf = ({ mode, path }: SocketFile): string | undefined => {
  if (process.platform === "win32") return "sockets of the file system are not for Windows: say HOST:PORT"
  if (path === "" || path.includes("\0")) return "that is no path"
  if (Buffer.byteLength(path) > MAX_PATH) return `its path has more than ${MAX_PATH} bytes, which no system takes`
  const folder = resolve(dirname(path))
  const stat = (mode & OTHERS) === 0 ? Fs.statSync(folder, { throwIfNoEntry: false }) : undefined
  return stat && Exposure.ofFolder(folder, stat)
}

/** Binds the server there. Nobody else can connect before `mode` says so. */
export const listen = (server: Net.Server, { mode, path }: SocketFile, backlog: number, done: () => void): void => {
  const before = process.umask(0o177)
  server.listen({ path, backlog }, () => {
    Fs.chmodSync(path, mode)
    done()
  })
  process.umask(before)
}

/** What is at a path that is taken: a socket that nobody listens on, which is removed, or something that stays. */
export const clear = (path: string, done: (left: "nothing" | "somebody" | "a file") => void): void => {
  const stat = Fs.lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isSocket() !== true) {
    done(stat === undefined ? "nothing" : "a file")
    return
  }
  const socket = Net.connect({ path })
  socket.once("connect", () => {
    socket.destroy()
    done("somebody")
  })
  socket.once("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "ECONNREFUSED") Fs.rmSync(path, { force: true })
    done(cause.code === "ECONNREFUSED" || cause.code === "ENOENT" ? "nothing" : "somebody")
  })
}

/** Bytes: Linux takes 107, macOS 103. */
const MAX_PATH = 100
/** Bits of group and others. */
const OTHERS = 0o077
