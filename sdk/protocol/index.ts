// The wire: every shape that crosses a boundary, once. A leaf: it imports zod and eventsource-parser only.
export * from './command.ts';
export * from './error-body.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './exec.ts';
export * from './limits.ts';
export * from './names.ts';
export * from './operations.ts';
export * from './polling-error.ts';
export * from './process.ts';
export * from './sandbox.ts';
export * from './session.ts';
export * from './sse/decode.ts';
export * from './sse/encode.ts';
export * from './sync.ts';
export * from './wait.ts';
export * from './well-known.ts';
