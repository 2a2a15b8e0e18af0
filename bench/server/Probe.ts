// Loaded into every server of the bench before its program: tells the bench what only the process itself knows.
import { monitorEventLoopDelay } from "node:perf_hooks"
import { getHeapStatistics, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Inside } from "./Target.js"

const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

process.on("message", (question: { readonly collect: boolean }) => {
  const answer = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
  delay.reset()
  // What is dead goes in two rounds: the second takes what finalizers have let go.
  if (question.collect) for (let round = 0; round < 2; round++) collect()
  // `process.memoryUsage` opens a file, and a server under attack may have none left.
  const { external_memory, used_heap_size } = getHeapStatistics()
  process.send?.({
    delayP99: answer.p99,
    delayMax: answer.max,
    heap: used_heap_size + external_memory
  } satisfies Inside)
})
// The bench ends servers by a signal; its channel is no reason to stay.
process.channel?.unref()
