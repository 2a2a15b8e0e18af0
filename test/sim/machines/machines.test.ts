import { describe, expect, it } from "vitest"
import { files } from "../../../scenarios/machines/Files.js"
import { journal } from "../../../scenarios/machines/Journal.js"
import { line } from "../../../scenarios/machines/Line.js"
import { talk } from "../../../scenarios/machines/Talk.js"
import { some } from "../../../scenarios/product/Seeds.js"

/** `PARLEY_SIM_FIRST=17` begins with another seed. */
const { firstSeed, seeds, timeoutMs } = some(2_000)

describe("machines alone, under seeds", () => {
  it.each([
    ["a stream over a line that loses, doubles, overtakes and is cut arrives whole", line],
    ["two talk over any number of connections and lives, each text once and in order", talk],
    ["a journal is what survived of it, whatever its file suffers", journal],
    ["a transfer brings every byte over connections that break, whatever the disk lost", files]
  ] as const)("%s", { timeout: timeoutMs }, (_, play) => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) expect(play(seed), `seed ${seed}`).toBeUndefined()
  })
})
