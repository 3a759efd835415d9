// The client half of `holdfast/cloudflare`: the names of `@cloudflare/sandbox` 0.12 over our own client.
export { errorCode, HoldfastError } from '../protocol/index.ts';
export type { ExecEvent, LogEvent } from './exec-events.ts';
export type { BaseExecOptions, ExecOptions, ExecResult, StreamOptions } from './exec-options.ts';
export type { FileWatchSSEEvent } from './file-events.ts';
export {
  collectFile,
  type FileChunk,
  type FileMetadata,
  type FileStreamEvent,
  streamFile,
} from './file-stream.ts';
export { getSandbox, type SandboxOptions } from './get-sandbox.ts';
export type { GitCheckoutOptions, GitCheckoutResult } from './git-checkout.ts';
export type {
  Process,
  ProcessOptions,
  ProcessStatus,
  WaitForLogResult,
  WaitForPortOptions,
} from './process.ts';
export { proxyToSandbox, type SandboxEnv } from './proxy-to-sandbox.ts';
export type { ISandbox, SessionDeleteResult, SessionOptions } from './sandbox.ts';
export type { ExecutionSession, PtyOptions } from './session.ts';
export { asyncIterableToSSEStream, parseSSEStream, responseToAsyncIterable } from './sse.ts';
