import { simTest } from "parley/sim/vitest"
import { files } from "./Files.js"
import * as Seeds from "./Seeds.js"

simTest("files on bad machines and a bad network", Seeds.some(6), files)
