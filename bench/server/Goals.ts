import type { Figures } from "../support/Figures.js"
import { figure, type Goal, ratio } from "../support/Goal.js"

/** The floor's time beside ours: 1 is a server that costs nothing but its sockets. */
const part = (name: string, threads = ""): Goal["of"] => ratio(`floor: ${name} µs${threads}`, `${name} µs${threads}`)

/** What the server is to reach. Times are of its processor: they do not depend on what else a machine does. */
export const GOALS: ReadonlyArray<Goal> = [
  { name: "floor / registration", of: part("registration"), unit: "x", atLeast: 0.7 },
  {
    name: "floor / registration, proven (main thread)",
    of: (figures) => quotient(figures, "floor: registration, proven µs", "registration, proven µs"),
    unit: "x",
    atLeast: 0.5
  },
  { name: "floor / query, new pairs", of: part("query, new pairs"), unit: "x", atLeast: 0.65 },
  { name: "floor / query, known pairs", of: part("query, known pairs"), unit: "x", atLeast: 0.8 },
  ...["", ", proven", ", killed"].map((kind) => ({
    name: `storm${kind}: s until all are back, beyond the spread`,
    of: (figures: Figures) => {
      const [last, spread] = [figures[`storm: s until the last was in${kind}`], figures[`storm: s of spread${kind}`]]
      return last === undefined || spread === undefined ? undefined : last - spread
    },
    unit: "s",
    atMost: 2
  })),
  { name: "storm: presence to each, all lines counted", of: figure("storm: bytes to each"), unit: "B", atMost: 2_500 },
  { name: "presence, 50 come and 50 go a second", of: cores("presence, second of it"), unit: "cores", atMost: 0.25 },
  { name: "idle session", of: figure("idle session kB"), unit: "kB resident", atMost: 8 },
  {
    name: "whole list, time of the server in all",
    of: ({ "whole list µs": time }) => time && time / 1_000,
    unit: "ms",
    atMost: 10
  },
  {
    name: "claims through one of two nodes",
    of: figure("claim through one of two nodes /s"),
    unit: "/s",
    atLeast: 5_000
  },
  {
    name: "query across nodes, beyond one of the same",
    of: figure("query across nodes: ms more"),
    unit: "ms",
    atMost: 2
  },
  { name: "whole list, p99 of others", of: figure("whole list: p99 of others ms"), unit: "ms", atMost: 3 }
]

/** Ratios that no goal is set for. */
export const BESIDE: ReadonlyArray<Goal> = [
  { name: "floor / registration, proven (all threads)", of: part("registration, proven", ", all threads"), unit: "x" },
  { name: "floor / query, pipelined", of: part("query, pipelined"), unit: "x" },
  { name: "floor / relayed line", of: part("relayed line"), unit: "x" },
  { name: "floor / relayed datagram", of: part("relayed datagram"), unit: "x" },
  {
    name: "mosquitto / registration",
    of: ratio("mosquitto: connect and leave µs", "registration µs"),
    unit: "x"
  },
  {
    name: "mosquitto / query, known pairs",
    of: ratio("mosquitto: message to another µs", "query, known pairs µs"),
    unit: "x"
  }
]

function cores(name: string): Goal["of"] {
  return (figures) => {
    const time = figures[`${name} µs, all threads`]
    return time === undefined ? undefined : time / 1e6
  }
}

const quotient = (figures: Figures, value: string, by: string): number | undefined => ratio(value, by)(figures)
