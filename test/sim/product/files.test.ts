import { simTest } from "parley-chat/sim/vitest"
import { files } from "../../../scenarios/product/Files.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

simTest("files on bad machines and a bad network", Seeds.some(6), files)
