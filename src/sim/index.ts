/**
 * The simulated world (package export `parley-chat/sim`): the same programs on simulated machines, networks and clocks,
 * where a seed decides everything and replays it. For tests alone: it takes the place of randomness, so production code
 * must never import it.
 */

export type { Certificate } from "../domain/Certificate.js"
// What machines keep.
export { Disk, type DiskFile } from "../layers/memory/Disk.js"
export type { FileTree, Medium, PageFate } from "../layers/memory/FileTree.js"
// What the programs ask their machine for.
export type { CloseReason, Connection, ConnectionHandler, ConnectionLimits, Tls } from "../services/Connection.js"
export { Crypto } from "../services/Crypto.js"
export { type BindOptions, type DatagramSocket, Datagrams, DatagramsError } from "../services/Datagrams.js"
export { DialError, Dialer, type DialOptions, type DialTls } from "../services/Dialer.js"
export { Entropy } from "../services/Entropy.js"
export { type InterfaceAddress, Interfaces } from "../services/Interfaces.js"
export { ListenError, Listener, type Listening, type ListenOptions, type SocketFile } from "../services/Listener.js"
export { ResolveError, Resolver } from "../services/Resolver.js"
export { type Journal, Store, StoreError } from "../services/Store.js"
// What can go wrong.
export type { Fault, FaultKind, HostFault, LinkFault, Names, OnLinks, RouterFault } from "./faults/Fault.js"
export type { Faults, Victim } from "./faults/Faults.js"
export type { Plan, PlannedFault } from "./faults/Plan.js"
export { shrink } from "./faults/Shrink.js"
export { harmless, type SwarmOptions } from "./faults/Swarm.js"
// A program in memory: once, on perfect links.
export { inMemory } from "./InMemory.js"
// Machines that are pure code, driven as bare callbacks on the kernel.
export type { Gate } from "./kernel/External.js"
export { Kernel, type KernelOptions } from "./kernel/Kernel.js"
export {
  Aborted,
  Deadlock,
  HostFailed,
  type KernelError,
  LiveLock,
  PropertyFailed,
  RealIo,
  TimeLimit,
  Unsupported
} from "./kernel/KernelError.js"
export type { LocalClock } from "./kernel/LocalClock.js"
export type { Process, ProcessTimer } from "./kernel/Process.js"
export type { Rng } from "./kernel/Rng.js"
export type { Trace } from "./kernel/Trace.js"
export type { Machine } from "./Machine.js"
// The network.
export { type Conditions, ordinary, perfect } from "./network/Conditions.js"
export type { Firewall, FirewallConfig } from "./network/Firewall.js"
export type { Host } from "./network/Host.js"
export * as Nat from "./network/Nat.js"
export type { NatDevice } from "./network/NatDevice.js"
export type { Network, PacketEvent } from "./network/Network.js"
export type { DropReason, Packet } from "./network/Packet.js"
export type { Realm, Resident, Router } from "./network/Router.js"
export type { Rule, RulePacket, Verdict } from "./network/Rule.js"
export { dialSync } from "./network/TcpDialer.js"
export { type ListeningSocket, listenSync } from "./network/TcpListener.js"
export { type BoundSocket, bindSync } from "./network/Udp.js"
// One scenario under one seed, and under many.
export { type Report, type RunOptions, run, type Scenario } from "./Run.js"
export { type Failure, type SeedsOptions, type Sweep, sweep } from "./Seeds.js"
export type { Services } from "./Services.js"
export { layer, Sim, type SimHost } from "./Sim.js"
export { type Body, check, makeSimTest, type SimTestOptions, SimulationFailed } from "./SimTest.js"
export type { HostOptions, RouterOptions } from "./World.js"
export { World, type WorldOptions } from "./World.js"
