/** What a load, in its own process, and the bench say to each other. */
export type FromLoad =
  | { readonly _tag: "Begin" | "Call"; readonly name: string }
  | { readonly _tag: "End"; readonly name: string; readonly count: number }
  | { readonly _tag: "Figure"; readonly name: string; readonly value: number }

/** A load to run. `argument` is what it needs to know, as JSON. */
export interface Order {
  readonly load: string
  readonly port: number
  readonly size: Size
  readonly argument: unknown
}

export interface Size {
  /** Clients where their number is the point. */
  readonly clients: number
  /** Of what is counted one by one; as many come before, because a program is slower when it is new. */
  readonly times: number
  /** ms of each stretch of an attack. */
  readonly ms: number
}

/** What a load does its work with. */
export interface Stage {
  readonly port: number
  readonly size: Size
  readonly argument: unknown
  /** Runs `work`, which says how many things it did, while the bench looks at what the server uses. */
  readonly measured: (name: string, work: () => Promise<number>) => Promise<void>
  readonly figure: (name: string, value: number) => void
  /** Has the bench do something to the server, and waits until it is done. */
  readonly call: (name: string) => Promise<void>
}

export type Load = (stage: Stage) => Promise<void>

/** Calls `work` so many times, in `lanes` at a time; resolves with that number. */
export const repeat = async (times: number, lanes: number, work: (lane: number) => Promise<void>): Promise<number> => {
  let begun = 0
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (begun++ < times) await work(lane)
    })
  )
  return times
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
