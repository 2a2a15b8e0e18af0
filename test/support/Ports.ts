import { randomInt } from "node:crypto"
import { createServer } from "node:net"

/**
 * A TCP port of 127.0.0.1 that is free, and stays so for a while: it is none of those that the system gives to whoever
 * asks for any, as all tests beside this one do (Linux: 32768 to 60999, others from 49152 on).
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    if (await isFree(port)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })
