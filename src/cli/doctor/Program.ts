import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ServerName from "../../domain/ServerName.js"
import { Crypto } from "../../services/Crypto.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import type { DoctorSettings } from "../commands/Doctor.js"
import { ProgramError } from "../ProgramError.js"
import * as Palette from "../terminal/Palette.js"
import { type ExaminationServices, examine } from "./Diagnosis.js"
import { print } from "./Print.js"
import * as Report from "./Report.js"

/**
 * `parley doctor`: examines the network and tells about it, as text or as one JSON object. Fails, and so ends with exit
 * code 1, when the server cannot be reached over TCP; the report is written all the same.
 */
export const run = (
  settings: DoctorSettings
): Effect.Effect<void, ProgramError | TerminalClosed, ExaminationServices | Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const isShown = terminal.interactive && !settings.json
    const progress = (step: string) => (isShown ? terminal.drawStatus(`… ${step}`) : Effect.void)
    const findings = yield* examine(settings, progress)
    if (isShown) yield* terminal.drawStatus("")
    const substituteFor = Option.getOrUndefined(yield* Effect.serviceOption(Crypto))?.substituteFor
    const cryptography = substituteFor && `without native code, slower (${substituteFor})`
    const report = { ...Report.make(findings), ...(cryptography === undefined ? {} : { cryptography }) }
    const columns = isShown ? terminal.size().columns : Number.POSITIVE_INFINITY
    yield* settings.json
      ? terminal.write(Report.encode(report))
      : terminal.paint(print(report, Palette.make(terminal.colors), columns))
    const { answer, others, server } = findings
    if (answer._tag === "Reached") return
    const problems = [{ server, problem: answer.problem }, ...others].map(
      ({ problem, server: { host, port } }) =>
        `the server ${ServerName.shown(host, port)} cannot be reached: ${problem ?? ""}`
    )
    return yield* new ProgramError({ message: problems.join("; ") })
  })
