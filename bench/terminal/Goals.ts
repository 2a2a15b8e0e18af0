import { figure, type Goal, ratio } from "../support/Goal.js"

/** What the terminal is to reach. */
export const GOALS: ReadonlyArray<Goal> = [
  {
    name: "start to the prompt / an empty node",
    of: ratio("start: to the prompt ms", "start: an empty node ms"),
    unit: "x",
    atMost: 3
  },
  ...["burst", "burst, 64 kB draft"].flatMap(
    (name): ReadonlyArray<Goal> => [
      {
        name: `${name}: processor until the key is shown`,
        of: figure(`${name}: processor until the key is shown, p50 ms`),
        unit: "ms",
        atMost: 8
      },
      {
        name: `${name}: messages drawn before it`,
        of: figure(`${name}: messages drawn before it, most`),
        unit: "",
        atMost: 50
      }
    ]
  ),
  {
    name: "a message shown, the screen's part",
    of: figure("a message shown: processor of the screen's part ms"),
    unit: "ms of processor",
    atMost: 0.15
  },
  {
    name: "bytes to the terminal / a message's text",
    of: ratio("a message shown: bytes", "a message shown: characters of its text"),
    unit: "x",
    atMost: 1.3
  },
  {
    name: "memory that 100,000 messages leave behind",
    of: figure("memory: growth over 100000 messages MB RSS"),
    unit: "MB RSS",
    atMost: 40
  }
]

/** Ratios that no goal is set for. */
export const BESIDE: ReadonlyArray<Goal> = [
  {
    name: "key to glyph, idle / a bare node",
    of: ratio("key, idle: on the screen p50 ms", "key, idle: echoed by a bare node p50 ms"),
    unit: "x"
  },
  {
    name: "a message shown / a silent client, processor",
    of: ratio("a message shown: processor ms", "a message shown: processor of a silent client ms"),
    unit: "x"
  }
]
