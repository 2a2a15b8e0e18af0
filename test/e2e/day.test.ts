import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { hasTmux } from "./Tmux.js"

const SCRIPT = fileURLToPath(new URL("../../scripts/day.mjs", import.meta.url))

describe.runIf(full && hasTmux)("a day's use of the terminal", () => {
  it.each(["80x24", "40x15", "200x60"])("shows at %s what a person should see", async (size) => {
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, size])
    expect(stdout).toContain(`${size}: leaving: asked once`)
  })
})
