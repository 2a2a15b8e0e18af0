import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Figures } from "../support/Figures.js"
import { freePort, isInstalled, listening } from "./Others.js"
import { FIRST, runLoad } from "./Runner.js"
import type { Size } from "./Stage.js"
import { Target } from "./Target.js"
import { usageOf } from "./Usage.js"

/** Which engine keeps the names. */
const ENGINE = process.env.REDIS ?? "redis-server"

export const missing = (): string | undefined => (isInstalled(ENGINE) ? undefined : `${ENGINE} is not installed`)

/** Two nodes on a Redis of their own. Limits of a session are out of the way: a few do the work of many. */
export const run = async (size: Size): Promise<Figures> => {
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"))
  const secret = join(folder, "secret")
  writeFileSync(secret, "a secret that is as long as it has to be", { mode: 0o600 })
  const port = await freePort()
  const words = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
  const [command, ...rest] = [...FIRST, ENGINE, ...words]
  const redis = spawn(command!, rest, { stdio: "ignore" })
  const ended = once(redis, "exit")
  const targets: Array<Target> = []
  try {
    await listening(port)
    for (let node = 0; node < 2; node++) {
      const at = `127.0.0.1:${await freePort()}`
      const names = ["--redis", `redis://127.0.0.1:${port}`, "--node-listen", at, "--cluster-secret-file", secret]
      targets.push(await Target.product({ args: [...names, ...UNLIMITED] }))
    }
    const [one, other] = targets
    const order = { load: "nodes", port: one!.port, size, argument: other!.port }
    const before = usageOf(redis.pid!)
    const seen = await runLoad(order, { pid: () => one!.pid })
    const used = usageOf(redis.pid!).main - before.main
    const { "query, far: median ms": far, "query, near: median ms": near } = seen
    return { ...seen, "claim: µs of the engine": used / (3 * size.times), "query across nodes: ms more": far! - near! }
  } finally {
    for (const target of targets) await target.stop()
    redis.kill()
    await ended
    rmSync(folder, { recursive: true })
  }
}

const NEVER = "1000000/1000000"
const UNLIMITED = [
  ...["--registrations", "--queries", "--incoming", "--work-per-connection"].flatMap((flag) => [flag, NEVER]),
  ...["--max-names", "1000000"]
]
