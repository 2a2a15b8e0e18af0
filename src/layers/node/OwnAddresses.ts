import { networkInterfaces } from "node:os"
import { performance } from "node:perf_hooks"

/** The addresses of this machine, for those who ask at each packet: as they were within the last `READ_EACH`. */
export class OwnAddresses {
  #known: ReadonlySet<string> = new Set()
  #readAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly read = readAll,
    private readonly now = () => performance.now()
  ) {}

  has(address: string): boolean {
    // Most packets come from elsewhere, or from a loopback address, and a machine always has those.
    if (address === "127.0.0.1" || address === "::1") return true
    const now = this.now()
    if (now >= this.#readAt + READ_EACH) {
      this.#readAt = now
      this.#known = this.read()
    }
    return this.#known.has(address)
  }
}

const readAll = (): ReadonlySet<string> => {
  try {
    return new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)))
  } catch {
    return new Set()
  }
}

/** ms: to read them takes a tenth of one. */
const READ_EACH = 10_000
