import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Fault } from "./faults/Fault.js"
import { describe, type Plan } from "./faults/Plan.js"
import * as Swarm from "./faults/Swarm.js"
import { PropertyFailed } from "./kernel/KernelError.js"
import { type Machine, services } from "./Machine.js"
import type { NatConfig } from "./network/Nat.js"
import type { Router } from "./network/Router.js"
import type { Rule } from "./network/Rule.js"
import type { Services } from "./Services.js"
import type { HostOptions, RouterOptions, World } from "./World.js"

/**
 * The simulated world as a scenario sees it.
 *
 * @since 0.1.0
 */
export class Sim extends Context.Tag("parley/sim/Sim")<
  Sim,
  {
    readonly seed: number
    /** Virtual ms since the run began, with fractions; the scenario's own clock and every host's follow it. */
    readonly now: () => number
    /**
     * Puts a machine on the network and starts its program. A program that fails fails the run, unless it `mayFail`.
     */
    readonly host: <A, E>(
      name: string,
      options: HostOptions,
      program: Effect.Effect<A, E, Services>
    ) => Effect.Effect<SimHost>
    /** A router for several hosts, or for other routers. */
    readonly router: (name: string, config: NatConfig, options?: RouterOptions) => Effect.Effect<Router>
    /** A fault that lasts as long as the scope. */
    readonly fault: (fault: Fault) => Effect.Effect<void, never, Scope.Scope>
    /** A fault that lasts until the effect that this gives is run, or until `quiesce`. */
    readonly begin: (fault: Fault) => Effect.Effect<Effect.Effect<void>>
    /** Cuts all links between two sets of hosts, until `quiesce`. */
    readonly partition: (a: ReadonlyArray<string>, b: ReadonlyArray<string>) => Effect.Effect<void>
    /** Lets faults come and go at their times, from now on. */
    readonly follow: (plan: Plan) => Effect.Effect<void>
    /** Draws faults from the seed and follows them. Gives the plan. */
    readonly swarm: (options: Swarm.SwarmOptions) => Effect.Effect<Plan>
    /**
     * Ends all faults and begins none that are still planned: from here on the world is good, and liveness can be
     * demanded.
     */
    readonly quiesce: Effect.Effect<void>
    /** Asks `rule` about each packet, as long as the scope lives. */
    readonly rule: (rule: Rule) => Effect.Effect<void, never, Scope.Scope>
    /**
     * Fails the run as soon as `holds` gives `false` or a text that says what is wrong. Looked at after each instant in
     * which something happened, as long as the scope lives.
     */
    readonly always: (property: string, holds: () => boolean | string) => Effect.Effect<void, never, Scope.Scope>
    /** Waits until `holds` gives `true`, and fails when it has not within that time. */
    readonly eventually: (
      property: string,
      holds: () => boolean,
      within: Duration.DurationInput
    ) => Effect.Effect<void, PropertyFailed>
    /** Lets real asynchronous work in while virtual time stands still; see `External.Gate`. */
    readonly external: <A>(start: () => PromiseLike<A>) => Effect.Effect<A, unknown>
    /** A line for the packet log. */
    readonly log: (text: string) => Effect.Effect<void>
    /** The world itself, for what is not offered here. */
    readonly world: World
  }
>() {}

/**
 * A machine in the hands of a scenario.
 *
 * @since 0.1.0
 */
export interface SimHost {
  readonly name: string
  /** Its IPv4 address, or IPv6 where it has no other, as it is now. */
  readonly address: () => string
  /** Loses power: no finalizer, no goodbye, what was not synced is lost. */
  readonly crash: Effect.Effect<void>
  /** Kills the process; the machine lives and closes its sockets. */
  readonly kill: Effect.Effect<void>
  /** Interrupts the program and waits for its finalizers. */
  readonly stop: Effect.Effect<void>
  /** Starts the program again: after a crash, a kill, a stop, or its end. A running one crashes first. */
  readonly restart: Effect.Effect<void>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Waits for the program to end. */
  readonly exit: Effect.Effect<Exit.Exit<unknown, unknown>>
  readonly machine: Machine
}

/**
 * The services of a new machine for part of a scenario's own program: the one layer to swap. It shares the scenario's
 * process, and so it cannot crash on its own; `Sim.host` makes machines that can.
 *
 * @since 0.1.0
 */
export const layer = (name: string, options: HostOptions = {}): Layer.Layer<Services, never, Sim> =>
  Layer.effectContext(Effect.map(Sim, ({ world }) => services(world, world.host(name, options), options.disk)))

export interface SimState {
  readonly plan: Array<Plan[number]>
  /** Ids of planned faults that are to happen; all when `undefined`. */
  readonly keep: ReadonlySet<number> | undefined
  readonly log: (at: number, text: string) => void
}

export const make = (world: World, state: SimState): Context.Tag.Service<Sim> => {
  const { kernel, faults } = world
  let epoch = 0
  const follow = (plan: Plan) =>
    Effect.sync(() => {
      const current = epoch
      for (const planned of plan) {
        if (state.keep !== undefined && !state.keep.has(planned.id)) continue
        state.plan.push(planned)
        kernel.after(planned.atMs * 1000, () => {
          if (current !== epoch) return
          state.log(kernel.now, describe(planned))
          const end = faults.begin(planned.fault)
          kernel.after(planned.forMs * 1000, end)
        })
      }
    })

  return {
    seed: world.options.seed,
    world,
    now: () => kernel.now / 1000,
    host: (name, options, program) => Effect.sync(() => handle(world, world.machine(name, options, program))),
    router: (name, config, options) => Effect.sync(() => world.router(name, config, options)),
    fault: (fault) =>
      Effect.acquireRelease(
        Effect.sync(() => faults.begin(fault)),
        (end) => Effect.sync(end)
      ).pipe(Effect.asVoid),
    begin: (fault) => Effect.sync(() => Effect.sync(faults.begin(fault))),
    partition: (a, b) => Effect.sync(() => void faults.begin({ kind: "partition", from: a, to: b })),
    follow,
    swarm: (options) =>
      Effect.suspend(() => {
        const population = { hosts: [...world.machines.keys()], routers: [...world.routers.keys()] }
        const plan = Swarm.draw(kernel.rng.fork("swarm"), options, population)
        return Effect.as(follow(plan), plan)
      }),
    quiesce: Effect.sync(() => {
      epoch++
      faults.quiesce()
    }),
    rule: (rule) =>
      Effect.acquireRelease(
        Effect.sync(() => world.network.rules.add(rule)),
        () => Effect.sync(() => world.network.rules.delete(rule))
      ).pipe(Effect.asVoid),
    always: (property, holds) => {
      const here = new Error()
      return Effect.acquireRelease(
        Effect.sync(() =>
          kernel.watch(() => {
            const verdict = holds()
            if (verdict === true) return
            const message = `${property} does not hold${verdict === false ? "" : `: ${verdict}`}`
            kernel.fail(new PropertyFailed({ message, at: kernel.now, property }), callerStack(here))
          })
        ),
        (unwatch) => Effect.sync(unwatch)
      ).pipe(Effect.asVoid)
    },
    eventually: (property, holds, within) => eventually(world, property, holds, within, new Error()),
    external: (start) => kernel.external.run(start),
    log: (text) => Effect.sync(() => state.log(kernel.now, text))
  }
}

const handle = (world: World, machine: Machine): SimHost => {
  const { host } = machine
  const { book } = world.network
  return {
    name: machine.name,
    machine,
    address: () => book.text((host.ipv4 ?? host.ipv6)!),
    crash: Effect.sync(() => machine.crash()),
    kill: Effect.sync(() => machine.kill()),
    stop: machine.stop,
    restart: Effect.sync(() => {
      // A program that has ended leaves its machine on, and what it wrote with it.
      if (machine.running) machine.crash()
      else machine.kill()
      machine.boot()
    }),
    pause: Effect.sync(() => machine.process.pause()),
    resume: Effect.sync(() => machine.process.resume()),
    exit: machine.exit
  }
}

const eventually = (
  { kernel }: World,
  property: string,
  holds: () => boolean,
  within: Duration.DurationInput,
  here: Error
): Effect.Effect<void, PropertyFailed> =>
  Effect.async<void, PropertyFailed>((resume) => {
    if (holds()) return resume(Effect.void)
    const done = (effect: Effect.Effect<void, PropertyFailed>) => {
      unwatch()
      kernel.cancel(timer)
      resume(effect)
    }
    const unwatch = kernel.watch(() => {
      if (holds()) done(Effect.void)
    })
    const timer = kernel.after(Duration.toMillis(within) * 1000, () => {
      const message = `${property} did not come about within ${Duration.format(within)}`
      if (holds()) return done(Effect.void)
      const error = new PropertyFailed({ message, at: kernel.now, property })
      error.stack = `PropertyFailed: ${message}\n${callerStack(here)}`
      done(Effect.fail(error))
    })
    return Effect.sync(() => {
      unwatch()
      kernel.cancel(timer)
    })
  })

/**
 * Where in the user's code a property is demanded: the frames above the one of this file. Written out only when it is
 * needed, which costs more than most of what a scenario does.
 */
const callerStack = (here: Error): string => (here.stack ?? "").split("\n").slice(2).join("\n")
