import type { PeerReport } from "../peer/path/Report.js"
import type { Rate } from "../support/TokenBucket.js"

/** Of somebody who is reached over the relay, and not for the moment alone. */
export interface Relayed {
  /** Bytes of a file that the relay carries in a second, about; where the server tells. */
  readonly rate?: number
}

/** `allowed`: what the relay takes of us, where the server tells; `now` is of the same clock as the report. */
export const relayedOf = (
  { changes, connection }: Pick<PeerReport, "changes" | "connection">,
  allowed: Rate | undefined,
  now: number
): Relayed | undefined => {
  const active = connection?.paths.find((path) => path.active)
  if (active?.kind !== "relay" || now - (changes.at(-1)?.at ?? 0) < SETTLED) return undefined
  return allowed === undefined ? {} : { rate: allowed.perSecond * FILE_SHARE }
}

/** ms: a direct way that there is has been found by then, as a rule. */
const SETTLED = 2_000
/** What headers of packets, the relay's own reckoning of them and acknowledgements leave of its rate. */
const FILE_SHARE = 0.9
