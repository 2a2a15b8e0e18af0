import process from "node:process"
import { perform, type Task } from "./Task.js"

/** Performs tasks one after the other, until nobody wants any more. */
process.on("message", (task: Task) => {
  perform(task).then((result) => process.send!(result))
})
