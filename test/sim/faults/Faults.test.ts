import "./Links.js"
import "./Machines.js"
import "./Routers.js"
import { expect, it } from "vitest"
import type { FaultKind } from "../../../src/sim/faults/Fault.js"
import { shown } from "./FaultShows.js"

it("every kind of fault has a test that fails without it", () => {
  expect([...shown].sort()).toEqual(Object.keys(ALL).sort())
  expect(shown.size).toBeGreaterThanOrEqual(30)
})

/** Complete, or it does not type-check. */
const ALL: Record<FaultKind, true> = {
  "address-change": true,
  bandwidth: true,
  block: true,
  burst: true,
  clog: true,
  "clock-drift": true,
  "clock-jump": true,
  corrupt: true,
  crash: true,
  "disk-full": true,
  "disk-read-only": true,
  "disk-slow": true,
  "disk-torn": true,
  duplicate: true,
  "firewall-filtering": true,
  flap: true,
  jitter: true,
  kill: true,
  latency: true,
  loss: true,
  mtu: true,
  "nat-exhaustion": true,
  "nat-expiry": true,
  "nat-filtering": true,
  "nat-mapping": true,
  "nat-no-hairpin": true,
  "nat-permission-expiry": true,
  "nat-ports": true,
  "nat-reboot": true,
  "nat-renumber": true,
  "nat-tcp-expiry": true,
  offline: true,
  partition: true,
  pause: true,
  queue: true,
  "receive-buffer": true,
  reorder: true,
  replay: true,
  "resolver-down": true,
  "tcp-blocked": true,
  "tcp-rechunk": true,
  "tcp-reset": true,
  truncate: true,
  "udp-blocked": true
}
