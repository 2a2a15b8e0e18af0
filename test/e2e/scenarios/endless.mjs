import { Sim } from "parley-chat/sim"

/** A bug that no simulated clock can end: with one seed, a loop that waits for nothing. */
export default function* () {
  const { seed } = yield* Sim
  while (seed === 23);
}
