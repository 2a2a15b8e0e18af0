import { figure, type Goal, largest, ratio } from "../support/Goal.js"

/** What the transport is to reach. */
export const GOALS: ReadonlyArray<Goal> = [
  { name: "open to first echo, loopback", of: figure("open to first echo, warm p50 ms"), unit: "ms", atMost: 10 },
  {
    name: "round trip 100 B / sealed ping-pong",
    of: ratio("round trip 100 B p50 µs", "sealed ping-pong p50 µs"),
    unit: "x",
    atMost: 1.35
  },
  {
    name: "whole client / peer link alone, messages",
    of: ratio("whole client: messages 100 B one way /s", "messages 100 B one way /s"),
    unit: "x",
    atLeast: 0.5
  },
  {
    name: "whole client / peer link alone, round trip",
    of: ratio("whole client: round trip 100 B p50 µs", "round trip 100 B p50 µs"),
    unit: "x",
    atMost: 1.5
  },
  { name: "messages 100 B one way", of: figure("messages 100 B one way /s"), unit: "/s", atLeast: 150_000 },
  {
    name: "stream in 1200 B packets / sealed flood",
    of: ratio("stream, 1200 B packets MB/s", "sealed flood 1171 B MB/s"),
    unit: "x",
    atLeast: 0.85
  },
  { name: "stream on loopback, MTU found", of: figure("stream, MTU found MB/s"), unit: "MB/s", atLeast: 150 },
  {
    name: "its memory, the larger side",
    of: largest("stream, MTU found: sender RSS MB", "stream, MTU found: receiver RSS MB"),
    unit: "MB RSS",
    atMost: 150
  },
  {
    name: "file through whole clients and disks",
    of: figure("file through whole clients and disks MB/s"),
    unit: "MB/s",
    atLeast: 150
  },
  { name: "file, 25 ms each way, 1 % loss", of: figure("file at 1 % MB/s"), unit: "MB/s", atLeast: 25 },
  { name: "file, 25 ms each way, 5 % loss", of: figure("file at 5 % MB/s"), unit: "MB/s", atLeast: 17 },
  { name: "file on 100 Mbit/s, 1 % loss", of: figure("file on 100 Mbit/s at 1 % MB/s"), unit: "MB/s", atLeast: 11 },
  { name: "paced 100/s, one way p99, 1 % loss", of: figure("paced, one way at 1 % p99 ms"), unit: "ms", atMost: 45 },
  { name: "paced 100/s, one way p99, 5 % loss", of: figure("paced, one way at 5 % p99 ms"), unit: "ms", atMost: 60 },
  { name: "lone message echo p99, 1 % loss", of: figure("lone echo at 1 % p99 ms"), unit: "ms", atMost: 80 },
  { name: "lone message echo p99, 5 % loss", of: figure("lone echo at 5 % p99 ms"), unit: "ms", atMost: 120 },
  { name: "connect, worst of 10, 5 % loss", of: figure("connect at 5 %, worst of 10 ms"), unit: "ms", atMost: 400 },
  {
    name: "chat p99 beside a file on a 50 ms path",
    of: ({ "chat beside a file, echo p99 ms": late }) => (late === undefined ? undefined : late / PATH_MS),
    unit: "round trips",
    atMost: 3
  },
  { name: "two of our flows", of: figure("two of our flows: Jain's index"), unit: "Jain's index", atLeast: 0.9 },
  ...["bbr", "cubic", "reno"].map((control) => ({
    name: `TCP (${control}) beside one of ours`,
    of: figure(`beside TCP ${control}: TCP's part of the link`),
    unit: "of the link",
    atLeast: 0.3
  })),
  {
    name: "10^6 messages: lost, doubled, out of order",
    of: ({ "million: doubled": doubled, "million: lost": lost, "million: out of order": disordered }) =>
      lost === undefined ? undefined : lost + doubled! + disordered!,
    unit: "",
    atMost: 0
  }
]

/** Ratios that no goal is set for. */
export const BESIDE: ReadonlyArray<Goal> = [
  {
    name: "what the cipher costs: sealed / raw ping-pong",
    of: ratio("sealed ping-pong p50 µs", "raw ping-pong p50 µs"),
    unit: "x"
  },
  ...[100, 1_171, 16_355].map((bytes) => ({
    name: `sealed / raw flood ${bytes} B`,
    of: ratio(`sealed flood ${bytes} B packets/s`, `raw flood ${bytes} B packets/s`),
    unit: "x"
  })),
  {
    name: "messages 100 B / sealed flood 100 B",
    of: ratio("messages 100 B one way /s", "sealed flood 100 B packets/s"),
    unit: "x"
  },
  {
    name: "stream, MTU found / sealed flood 16 KiB",
    of: ratio("stream, MTU found MB/s", "sealed flood 16355 B MB/s"),
    unit: "x"
  },
  {
    name: "file at 1 % / what the link carries",
    of: ratio("file at 1 % MB/s", "link floor: raw flood 1171 B MB/s"),
    unit: "x"
  },
  {
    name: "whole client / peer link alone, processor of the sender",
    of: ratio("whole client: sender CPU µs/message", "messages: sender CPU µs/message"),
    unit: "x"
  }
]

/** The round trip of the path that the file fills, its queue empty. */
const PATH_MS = 50
