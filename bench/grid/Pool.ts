import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Result, Task } from "./Task.js"

/**
 * Has all tasks performed by `jobs` processes (a simulation takes the whole of one); the results in the order of the
 * tasks.
 */
export const performAll = (
  tasks: ReadonlyArray<Task>,
  jobs: number,
  onResult: (done: number) => void
): Promise<ReadonlyArray<Result>> =>
  new Promise((resolve, reject) => {
    const results = new Array<Result>(tasks.length)
    let next = 0
    let done = 0
    const begin = () => {
      const worker = fork(fileURLToPath(new URL("Worker.mjs", import.meta.url)))
      let current = -1
      const feed = () => {
        current = next++
        if (current < tasks.length) worker.send(tasks[current]!)
        else worker.disconnect()
      }
      worker.on("message", (result: Result) => {
        results[current] = result
        onResult(++done)
        feed()
        if (done === tasks.length) resolve(results)
      })
      worker.on("error", reject)
      worker.on("exit", (code) => code !== 0 && reject(new Error(`a worker ended with ${code}`)))
      feed()
    }
    for (let i = 0; i < Math.min(jobs, tasks.length); i++) begin()
  })
