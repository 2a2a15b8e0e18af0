import { VirtualScreen } from "../cli/terminal/VirtualScreen.js"

/** What a program has set on a terminal, after all that it has written. */
export interface Modes {
  /** What is pasted is marked (2004). */
  readonly paste: boolean
  /** The focus is told (1004). */
  readonly focus: boolean
  readonly alternate: boolean
  readonly mouse: string
}

export const Screen = {
  of: (output: Uint8Array): Modes => {
    const screen = new VirtualScreen(80, 24)
    screen.write(new TextDecoder().decode(output))
    return screen.modes()
  }
}
