import * as EndReasons from "../../../src/client/files/EndReasons.js"
import type { Transfer, TransferState } from "../../../src/core/client/Transfer.js"
import type { TransferId } from "../../../src/core/files/Content.js"
import type { DeclineReason, FailReason } from "../../../src/core/files/TransferIo.js"

const file: Transfer = {
  id: "t" as TransferId,
  nick: "bob",
  fingerprint: "00000 11111 22222 33333 44444 55555",
  direction: "out",
  kind: "file",
  name: "report.pdf",
  size: 1_234_567,
  files: 1,
  state: "offered",
  transferred: 700_000,
  rate: 100_000
}
const folder: Transfer = { ...file, kind: "folder", name: "photos", files: 12 }

const STATES: { readonly [State in TransferState]: ReadonlyArray<Partial<Transfer>> } = {
  preparing: [{}],
  offered: [
    {},
    { skipped: 3, left: ["a link", "b: not allowed to read it"] },
    { executables: 2, risks: ["git", "direnv", "tools", "startup"] },
    { relay: { seconds: 318 } }
  ],
  waiting: [{}],
  active: [{}, { relay: { seconds: 42 } }, { relay: {} }],
  paused: [{ pausedBy: "us" }, { pausedBy: "them" }, { pausedBy: "both" }],
  finishing: [{}],
  done: [{ path: "/home/al/report.pdf" }, { path: "/home/al/photos", renamed: 1 }],
  declined: [{}],
  cancelled: [{}],
  failed: [{ message: "it has changed since it was offered" }, {}]
}

/** A file and a folder in each state, on both sides. */
export const transfers = (): ReadonlyArray<Transfer> =>
  (["out", "in"] as const).flatMap((direction) =>
    Object.entries(STATES).flatMap(([state, all]) =>
      all.map((more, index) => ({
        ...(index === 0 ? file : folder),
        direction,
        state: state as TransferState,
        ...more
      }))
    )
  )

const FAILURES: { readonly [Reason in FailReason]: true } = {
  TimedOut: true,
  Declined: true,
  Changed: true,
  Unreadable: true,
  Storage: true,
  Full: true,
  Unknown: true,
  Violation: true,
  Corrupt: true,
  Unsupported: true,
  Busy: true,
  Other: true
}
const REFUSALS: { readonly [Reason in DeclineReason]: true } = { Declined: true, NoSpace: true, Other: true }

/** Why a transfer ended, as whoever was told of it reads it. */
export const ends = (): ReadonlyArray<string> => [
  ...Object.keys(FAILURES).flatMap((reason) =>
    (["us", "them"] as const).map((by) => EndReasons.failed("bob", reason as FailReason, by))
  ),
  ...Object.keys(REFUSALS).map((reason) => EndReasons.declined("bob", reason as DeclineReason)),
  EndReasons.cancelled("bob")
]
