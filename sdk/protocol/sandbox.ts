// A sandbox as its Durable Object sees it, and the tokens that open one.
import * as z from 'zod';
import { LIMITS } from './limits.ts';
import { Env } from './names.ts';
import { SecretsPatch } from './secrets.ts';
import { SessionInfo } from './session.ts';

/** Seconds, or a number with s, m or h: `"30s"`, `"10m"`, `"2h"`. */
const IdleTime = z.union([
  z.int().min(1).max(86_400),
  z.string().regex(/^[1-9][0-9]{0,4}[smh]$/, 'sleepAfter is seconds, or a number with s, m or h'),
]);

/**
 * The idle time after which a sandbox sleeps. It is idle while no call is open and nothing runs in it;
 * with `force: true` what runs without a client does not count, and sleep ends it.
 */
export const SleepAfter = z.union([
  IdleTime,
  z.strictObject({ after: IdleTime, force: z.boolean().optional() }),
]);
export type SleepAfter = z.infer<typeof SleepAfter>;

export const SandboxSettings = z.object({
  /** Idle time after which the container is stopped, with all that runs in it. Default `"10m"`. */
  sleepAfter: SleepAfter,
  /** Given to every new session. */
  env: z.record(z.string(), z.string()),
  /** Never sleeps while true. Default false. */
  keepAlive: z.boolean(),
});
export type SandboxSettings = z.infer<typeof SandboxSettings>;

/** What is absent stays as it is; a null value removes a name from `env`. */
export const PatchSandboxRequest = z.strictObject({
  sleepAfter: SleepAfter.optional(),
  env: z.record(Env.keyType, Env.valueType.nullable()).optional(),
  keepAlive: z.boolean().optional(),
  /** Variables of every command whose values are masked in all that leaves the sandbox; for the next command on. */
  secrets: SecretsPatch.optional(),
});
export type PatchSandboxRequest = z.infer<typeof PatchSandboxRequest>;

export const SandboxInfo = z.object({
  name: z.string(),
  state: z.enum(['running', 'stopped']),
  /** Starts of the container so far. */
  generation: z.int(),
  createdAt: z.string(),
  lastUsedAt: z.string(),
  settings: SandboxSettings,
  /** Their names; values are never told. */
  secrets: z.array(z.string()),
  sessions: z.array(SessionInfo),
});
export type SandboxInfo = z.infer<typeof SandboxInfo>;

export const TokenRequest = z.strictObject({
  access: z.enum(['read', 'write']),
  expiresInSeconds: z.int().min(1).max(LIMITS.tokenSeconds),
});
export type TokenRequest = z.infer<typeof TokenRequest>;

export const TokenResult = z.object({
  token: z.string(),
  access: z.enum(['read', 'write']),
  /** ISO 8601. */
  expiresAt: z.string(),
});
export type TokenResult = z.infer<typeof TokenResult>;

export const Health = z.object({
  status: z.literal('ok'),
  version: z.string(),
});

export const EngineHealth = Health.extend({
  generation: z.int(),
  uptimeMs: z.number(),
});
export type EngineHealth = z.infer<typeof EngineHealth>;
