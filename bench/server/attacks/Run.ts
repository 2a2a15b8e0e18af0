import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import type { Figures } from "../../support/Figures.js"
import { FIRST, runLoad } from "../Runner.js"
import { type Size, wait } from "../Stage.js"
import { Target } from "../Target.js"
import { forgetPeak, memoryOf, usageOf } from "../Usage.js"
import type { Attack } from "./Attack.js"

/**
 * One attack beside honest clients, on a server of its own: first they are alone, then the attack, then what comes
 * after it.
 */
export const runAttack = async (attack: Attack, size: Size): Promise<Figures> => {
  const { files, folder, name, proxied = false, tls = false } = attack
  const args = [...(attack.args ?? []), ...(tls ? credentials() : [])]
  if (folder !== undefined) mkdirSync(folder, { mode: 0o700 })
  const target = await Target.product({ host: "::", args, ...(files === undefined ? {} : { files }) })
  const pid = () => target.pid
  const { ms } = size
  const figures: Record<string, number> = {}
  const gate = new Gate()
  const prepared = new Gate()
  const ready = () => {
    prepared.open()
    return gate.opened
  }
  let attacking: Promise<unknown> = Promise.resolve()
  const calm = async () => {
    figures["before: MB"] = memoryOf(target.pid).rss
    await wait(ms / 2)
  }
  /** What an attack needs to be there comes before it is measured. */
  const prepare = async () => {
    attacking = runLoad(
      { load: "attacker", port: target.port, size, argument: name },
      { pid, nice: ATTACKER_NICE, calls: { ready } }
    )
    await Promise.race([prepared.opened, attacking, wait(PREPARE_MS)])
  }
  const attacked = async () => {
    await target.inside()
    forgetPeak(target.pid)
    const before = usageOf(target.pid)
    gate.open()
    await wait(ms)
    const after = usageOf(target.pid)
    figures["attacked: cores"] = (after.all - before.all) / (after.at - before.at)
    figures["attacked: peak MB"] = memoryOf(target.pid).peak
    const { delayMax, delayP99 } = await target.inside()
    figures["attacked: loop late, p99 ms"] = delayP99
    figures["attacked: loop late, most ms"] = delayMax
    figures.load = loadavg()[0]!
  }
  try {
    const seen = await runLoad(
      { load: "honest", port: target.port, size, argument: { tls, proxied } },
      { pid, calls: { calm, prepared: prepare, attacked, recovered: () => wait(ms / 3) } }
    )
    await attacking
    return { ...seen, ...figures }
  } finally {
    await target.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** Options of a server that encrypts, with a certificate of its own. */
const credentials = (): ReadonlyArray<string> => {
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"))
  const [key, certificate] = [join(folder, "key"), join(folder, "crt")]
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench"]
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate], { stdio: "pipe" })
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  return ["--tls-cert", certificate, "--tls-key", key]
}

/** Opens once, for all who wait and will wait. */
class Gate {
  open: () => void = () => {}
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** The attacker is not to take the processor away from those who measure, and not to be weak on a busy machine. */
const ATTACKER_NICE = FIRST.length > 0 ? -15 : 5
const PREPARE_MS = 40_000
