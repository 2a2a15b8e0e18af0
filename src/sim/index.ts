/**
 * The simulated world (package export `parley-chat/sim`): the same programs on simulated machines, networks and clocks,
 * where a seed decides everything and replays it. For tests alone: it takes the place of randomness, so production code
 * must never import it.
 */

// What machines keep.
export { Disk } from "../layers/memory/Disk.js"
// What the programs ask their machine for.
export { Crypto } from "../services/Crypto.js"
export { Datagrams } from "../services/Datagrams.js"
export { Dialer } from "../services/Dialer.js"
export { Entropy } from "../services/Entropy.js"
export { Interfaces } from "../services/Interfaces.js"
export { Listener } from "../services/Listener.js"
export { Resolver } from "../services/Resolver.js"
export { Store } from "../services/Store.js"
// What can go wrong.
export type { Fault, FaultKind, HostFault, LinkFault, RouterFault } from "./faults/Fault.js"
export type { Plan, PlannedFault } from "./faults/Plan.js"
export { shrink } from "./faults/Shrink.js"
export { harmless, type SwarmOptions } from "./faults/Swarm.js"
// A program in memory: once, on perfect links.
export { inMemory } from "./InMemory.js"
// Machines that are pure code, driven as bare callbacks on the kernel.
export { Kernel, type KernelOptions } from "./kernel/Kernel.js"
export type { KernelError } from "./kernel/KernelError.js"
// The network.
export { type Conditions, ordinary, perfect } from "./network/Conditions.js"
export type { FirewallConfig } from "./network/Firewall.js"
export * as Nat from "./network/Nat.js"
export type { Router } from "./network/Router.js"
export type { Rule, RulePacket, Verdict } from "./network/Rule.js"
export { dialSync } from "./network/TcpDialer.js"
export { type ListeningSocket, listenSync } from "./network/TcpListener.js"
export { type BoundSocket, bindSync } from "./network/Udp.js"
// One scenario under one seed, and under many.
export { type Report, type RunOptions, run, type Scenario } from "./Run.js"
export { type Failure, type SeedsOptions, type Sweep, sweep } from "./Seeds.js"
export type { Services } from "./Services.js"
export { layer, Sim, type SimHost } from "./Sim.js"
export { check, makeSimTest, type SimTestOptions, SimulationFailed } from "./SimTest.js"
export type { HostOptions, RouterOptions } from "./World.js"
export { World, type WorldOptions } from "./World.js"
