import type { Conditions } from "parley-chat/sim"

/** The network of the grid: 50 ms from anywhere to anywhere and back, and this part of all packets lost on each way. */
export const link = (loss: number): Partial<Conditions> => ({ latencyMs: ROUND_TRIP / 2, jitterMs: 0, loss })

/** Virtual ms. */
export const ROUND_TRIP = 50

/** What is lost of each link follows from the seed: other losses for each arrangement, and each time. */
export const seedOf = (arrangement: number, time: number): number => arrangement * MOST_TIMES + time

const MOST_TIMES = 10_000
