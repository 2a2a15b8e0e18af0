import { simTest } from "parley-chat/sim/vitest"
import * as Memories from "../../../scenarios/product/Memories.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

simTest("the history is what was shown and said, whatever dies in between", Seeds.some(6), Memories.remembers)
