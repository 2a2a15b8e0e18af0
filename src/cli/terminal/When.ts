/** Times as people say them, by the clock on the wall here. All are ms since 1970 UTC. */

/** `08:05` */
export const timeOfDay = (at: number): string => {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

/** `2026-03-09 08:05` */
export const date = (at: number): string => {
  const day = new Date(at)
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())} ${timeOfDay(at)}`
}

/** `08:05`, with `yesterday`, the day of the week or the date where it was not today. */
export const moment = (at: number, now: number): string => dayOf(at, now)

/** `Monday, 9 March 2026` */
export const weekday = (at: number): string => {
  const day = new Date(at)
  return `${LONG_WEEKDAYS[day.getDay()]}, ${day.getDate()} ${MONTHS[day.getMonth()]} ${day.getFullYear()}`
}

/** Equal for two moments of the same day, and for no others. */
export const dayNumber = (at: number): number => midnight(at)

/** The day, for something that lasts: `today`, `yesterday`, `9 March`, `9 March 2025`. */
export const day = (at: number, now: number): string => {
  const daysAgo = Math.round((midnight(now) - midnight(at)) / DAY)
  if (daysAgo === 0) return "today"
  if (daysAgo === 1) return "yesterday"
  const then = new Date(at)
  const year = then.getFullYear() === new Date(now).getFullYear() ? "" : ` ${then.getFullYear()}`
  return `${then.getDate()} ${MONTHS[then.getMonth()]}${year}`
}

/**
 * When something was written that is shown at `now`: ` (written 08:05)`, with `yesterday`, the day of the week or the
 * date where it was not today. Nothing where that is unknown, or as good as now.
 */
export const written = (at: number | undefined, now: number): string =>
  at === undefined || now - at < NOTABLE ? "" : ` (written ${dayOf(at, now)})`

const dayOf = (at: number, now: number): string => {
  const daysAgo = Math.round((midnight(now) - midnight(at)) / DAY)
  if (daysAgo === 0) return timeOfDay(at)
  if (daysAgo === 1) return `yesterday ${timeOfDay(at)}`
  // A day to come is that of a clock that was wrong.
  return daysAgo > 0 && daysAgo < 7 ? `${WEEKDAYS[new Date(at).getDay()]} ${timeOfDay(at)}` : date(at)
}

/** The beginning of the day; days have 23 to 25 hours. */
const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0)

const two = (value: number): string => String(value).padStart(2, "0")

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December"
]
const LONG_WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
const DAY = 86_400_000
/** ms: clocks that nobody looks after differ by as much, and nobody minds a message that took as long. */
const NOTABLE = 2 * 60_000
