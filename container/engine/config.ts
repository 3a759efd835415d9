// The engine's configuration, from its environment.
import { join } from 'node:path';
import { Env, LIMITS } from '#protocol';

export interface EngineConfig {
  /** Port to listen on; 0 picks a free one. `PORT`, default 8080. */
  port: number;
  /** Address to listen on. `HOLDFAST_HOST`, default 127.0.0.1. */
  host: string;
  /** Bearer token that every call must carry; without one only loopback hosts are answered. */
  token: string | undefined;
  /** Where sessions, logs and checkpoints live. `HOLDFAST_STATE_DIR`, default `.holdfast/engine`. */
  stateFolder: string;
  /** Which start of the container this is. `HOLDFAST_GENERATION`, default 1. */
  generation: number;
  /** Where sessions start. `HOLDFAST_WORKDIR`, default the current directory. */
  workdir: string;
  /** How long a finished process stays readable, in ms. `HOLDFAST_IDLE_MS`, default 30 minutes. */
  idleMs: number;
  /** How long a session is idle before it gives its shell back, in ms; 0 is never. `HOLDFAST_HIBERNATE_MS`, default 10 minutes. */
  hibernateMs: number;
  /** Whether nobody else's processes share its network, as in a container. `HOLDFAST_ISOLATED=1`. */
  isolated: boolean;
  /** Environment of the session `default`. `HOLDFAST_SESSION_ENV`, a JSON object. */
  defaultEnv: Record<string, string>;
}

/** A setting with which no engine can start, however often it is tried. The message is for the operator. */
export class ConfigError extends Error {}

/**
 * @throws ConfigError when a value makes no sense.
 * @example
 * readConfig({ PORT: '0' }, '/work').host; // '127.0.0.1'
 */
export function readConfig(env: NodeJS.ProcessEnv, cwd: string): EngineConfig {
  const token = env.HOLDFAST_ENGINE_TOKEN || undefined;
  const host = env.HOLDFAST_HOST || '127.0.0.1';
  if (!token && !isLoopback(host)) {
    throw new ConfigError(
      `HOLDFAST_HOST=${host} can be reached from outside: set HOLDFAST_ENGINE_TOKEN as well`,
    );
  }
  return {
    port: wholeNumber(env.PORT, 'PORT', 8080, 65_535),
    host,
    token,
    stateFolder: env.HOLDFAST_STATE_DIR || join(cwd, '.holdfast', 'engine'),
    generation: wholeNumber(env.HOLDFAST_GENERATION, 'HOLDFAST_GENERATION', 1, Number.MAX_SAFE_INTEGER),
    workdir: env.HOLDFAST_WORKDIR || cwd,
    idleMs: wholeNumber(env.HOLDFAST_IDLE_MS, 'HOLDFAST_IDLE_MS', LIMITS.idleMs, 86_400_000),
    hibernateMs: wholeNumber(
      env.HOLDFAST_HIBERNATE_MS,
      'HOLDFAST_HIBERNATE_MS',
      LIMITS.hibernateMs,
      86_400_000,
    ),
    isolated: env.HOLDFAST_ISOLATED === '1',
    defaultEnv: sessionEnv(env.HOLDFAST_SESSION_ENV),
  };
}

/** Names under which a machine reaches itself. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function wholeNumber(text: string | undefined, name: string, fallback: number, max: number): number {
  if (!text) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new ConfigError(`${name} is not a number: ${text}`);
  return value;
}

function sessionEnv(text: string | undefined): Record<string, string> {
  if (!text) return {};
  try {
    return Env.parse(JSON.parse(text));
  } catch {
    throw new ConfigError('HOLDFAST_SESSION_ENV is not a JSON object of variables');
  }
}
