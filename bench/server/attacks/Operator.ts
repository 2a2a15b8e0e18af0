import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { attackAddress } from "../Namespace.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import type { Field } from "./Field.js"

/**
 * On the operator's own socket, which the system lets nobody else connect to: a script of theirs that has gone wrong.
 */
export const OPERATOR: ReadonlyArray<Attack> = [
  attack("admin-who", "eight connections look for somebody who is not among 2,000, as fast as they are answered", {
    lines: '{"_tag":"Who","match":"zq"}\n'.repeat(100)
  }),
  attack("admin-noise", "eight connections send what cannot be read, as fast as it is answered", {
    lines: "[\n".repeat(1_000)
  }),
  attack("admin-change", "eight connections add bans and take them back, kept in a file", {
    lines: '{"_tag":"Ban","what":"192.0.2.0/24"}\n{"_tag":"Allow","what":"192.0.2.0/24"}\n'.repeat(50)
  }),
  attack("admin-many", "connections with half a line, as many as one can open", {
    lines: '{"_tag":',
    connections: 5_000
  })
]

function attack(
  name: string,
  about: string,
  { connections = 8, lines }: { readonly connections?: number; readonly lines: string }
): Attack {
  // One folder for the server and those who attack it, which are processes of their own.
  const folder = join(tmpdir(), `parley-bench-${name}-${process.env.BENCH}`)
  const path = join(folder, "admin")
  const open = (): Socket => {
    const socket = connect(path)
    socket.on("error", () => {})
    socket.on("data", () => {})
    return socket
  }
  return {
    name,
    about,
    folder,
    args: ["--admin", path, "--bans", join(folder, "bans")],
    prepare: (field) =>
      field.connect(2_000, { each: 1, address: (index) => attackAddress(1_000 + index), name: (index) => `i${index}` }),
    run: async (field: Field) => {
      let sockets = Array.from({ length: connections }, open)
      while (!field.over) {
        sockets = sockets.map((socket) => (socket.destroyed ? open() : socket))
        for (const socket of sockets) if (socket.writableLength < lines.length) socket.write(lines)
        await wait(5)
      }
      for (const socket of sockets) socket.destroy()
    }
  }
}
