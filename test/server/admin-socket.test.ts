import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { LineClient } from "./LineClient.js"
import { serving } from "./serving.js"

/** A server with a socket for its operator, whose path `body` gets too. */
const operated = async (body: (port: number, path: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "parley-admin-"))
  const path = join(folder, "admin")
  await serving({ admin: path }, (port) => body(port, path))
  rmSync(folder, { recursive: true, force: true })
}

/** A connection of the operator, and how many answers it has had. */
const operator = async (path: string) => {
  const socket: Socket = connect(path)
  const seen = { socket, answers: 0, closed: once(socket, "close") }
  socket.on("error", () => {})
  socket.on("data", (data: Buffer) => {
    seen.answers += data.toString().split("\n").length - 1
  })
  await once(socket, "connect")
  return seen
}

describe.runIf(process.platform !== "win32")("the operator's socket", () => {
  test("leaves clients their turns, however much is asked for there", () =>
    operated(async (port, path) => {
      const script = await operator(path)
      script.socket.write('{"_tag":"Stats"}\n'.repeat(REQUESTS))
      const newcomer = await LineClient.register(port, "newcomer")
      expect(script.answers).toBeLessThan(REQUESTS)
      await newcomer.close()
      script.socket.destroy()
      await script.closed
    }))

  test("lets a new connection in when too many are silent, and ends the one that was so for longest", () =>
    operated(async (_, path) => {
      const stuck: Array<Awaited<ReturnType<typeof operator>>> = []
      for (let index = 0; index < MOST; index++) stuck.push(await operator(path))
      // The first one has had a word since.
      stuck[0]!.socket.write('{"_tag":"Stats"}\n')
      await once(stuck[0]!.socket, "data")
      const late = await operator(path)
      await stuck[1]!.closed
      late.socket.write('{"_tag":"Stats"}\n')
      await once(late.socket, "data")
      expect(stuck[0]!.socket.destroyed).toBe(false)
      for (const { closed, socket } of [...stuck, late]) {
        socket.destroy()
        await closed
      }
    }))
})

const REQUESTS = 1_000
/** Connections at a time. */
const MOST = 8
