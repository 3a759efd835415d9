// The package `holdfast`: the client, and the protocol's types and errors that it speaks.
export { connectEngine, type EngineOptions } from './connect-engine.ts';
export type { RetryPolicy } from './connection/retry-policy.ts';
export { DurableSandbox } from './durable-sandbox.ts';
export type { ExecOptions, Outcome, ResultOptions, YieldingOptions } from './exec-options.ts';
export type * from './files-options.ts';
export { getSandbox } from './get-sandbox.ts';
export type { GitCloneOptions } from './git-clone.ts';
export { Holdfast, type HoldfastOptions } from './holdfast.ts';
export type { PageOptions } from './output-page.ts';
export { type PortOptions, Process, type WaitOptions } from './process.ts';
export {
  type CommandEvent,
  type CommandInfo,
  type CommandState,
  type CreateSessionRequest,
  type CreateTerminalRequest,
  type ErrorCode,
  type ExecResult,
  errorCode,
  type FileEvent,
  type FileInfo,
  type FileMatch,
  type FileStat,
  type GitAuth,
  type GitCloneResult,
  type GitProgress,
  HoldfastError,
  type InterruptResult,
  type ListeningPort,
  type OutputMatch,
  type OutputPage,
  type PatchSandboxRequest,
  type Preview,
  type PreviewInfo,
  type PreviewRequest,
  type ProcessInfo,
  type ProcessState,
  type ReplaceResult,
  type SandboxInfo,
  type SandboxSettings,
  type SearchResult,
  type SessionInfo,
  type TerminalInfo,
  type TokenRequest,
  type TokenResult,
  type UnpackedArchive,
  type YieldedExec,
} from './protocol/index.ts';
export { type PreviewEnv, proxyToSandbox } from './proxy-to-sandbox.ts';
export { Sandbox } from './sandbox.ts';
export { Session } from './session.ts';
export type { StartProcessOptions } from './start-process.ts';
export { eventBytes } from './stream/event-bytes.ts';
export { type ConnectOptions, TerminalConnection, type TerminalExit } from './terminal-connection.ts';
export { Terminals, type UpgradeOptions } from './terminals.ts';
export type { SandboxNamespace } from './transport/durable-object.ts';
export type { Fetcher, Transport } from './transport/transport.ts';
export { WorkerSandbox } from './worker-sandbox.ts';
