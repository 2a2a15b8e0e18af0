import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"
import { wait } from "./Stage.js"

/** Programs of others that are started for a part. */

export const isInstalled = (program: string): boolean => {
  try {
    execFileSync("which", [program], { stdio: "pipe" })
    return true
  } catch {
    return false
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Waits until somebody listens there. */
export const listening = async (port: number): Promise<void> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect({ port, host: "127.0.0.1" })
    const [there] = await Promise.race([
      once(socket, "connect").then(() => [true]),
      once(socket, "error").then(() => [false])
    ]).catch(() => [false])
    socket.destroy()
    if (there) return
    await wait(50)
  }
  throw new Error(`nobody listens on port ${port}`)
}
