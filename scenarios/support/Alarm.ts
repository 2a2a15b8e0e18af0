import type { Process, ProcessTimer } from "../../src/sim/kernel/Process.js"

/**
 * One timer of a process that rings when an `Alarm` would, to the microsecond: sleeps are whole milliseconds, and one
 * that is set to later sleeps out before it goes on.
 */
export const alarmOn = (process: Process, ring: (now: number) => void): ((at: number | undefined) => void) => {
  const { kernel } = process
  let due = Number.POSITIVE_INFINITY
  let armed = Number.POSITIVE_INFINITY
  let timer: ProcessTimer | undefined
  const arm = () => {
    if (due >= armed) return
    if (timer !== undefined) kernel.cancel(timer)
    armed = due
    timer = process.after(Math.max(0, Math.ceil(due - kernel.now / 1000)) * 1000, fire)
  }
  const fire = () => {
    timer = undefined
    armed = Number.POSITIVE_INFINITY
    const now = kernel.now / 1000
    if (now >= due) {
      due = Number.POSITIVE_INFINITY
      ring(now)
    }
    arm()
  }
  return (at) => {
    due = at ?? Number.POSITIVE_INFINITY
    arm()
  }
}
