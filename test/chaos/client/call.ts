// One command on its way to the sandbox: what every client gets.
import type { Sandbox } from '../../../sdk/index.ts';
import type { Random } from '../random.ts';
import type { CommandRecord } from '../record.ts';
import { Reading } from '../record.ts';
import type { Report } from '../report.ts';
import type { Api, Fetch } from './api.ts';

export interface Call {
  record: CommandRecord;
  api: Api;
  /** Speaks over the same bad wire. */
  sdk: Sandbox;
  /** A wire that breaks. */
  over: Fetch;
  random: Random;
  report: Report;
}

/** A new reader of the call's output, which reports what it finds wrong. */
export function newReading({ record, report }: Pick<Call, 'record' | 'report'>): Reading {
  return new Reading(record, (rule, got) =>
    report.violation({
      rule,
      commandId: record.id,
      session: record.sessionId,
      kind: record.plan.kind,
      got,
      context: record.faults,
    }),
  );
}

/** The body of an exec or of a process's start. */
export function requestOf({ id, text, plan, mode, sessionId }: CommandRecord): Record<string, unknown> {
  const { cwd, env, stdin, timeoutMs, conversation, ending } = plan;
  return {
    id,
    command: text,
    ...(mode === 'background' && { session: sessionId }),
    ...(cwd && { cwd }),
    ...(env && { env }),
    ...(stdin && { stdinBase64: stdin.toString('base64') }),
    ...(timeoutMs && { timeoutMs }),
    ...(conversation && { stdinOpen: true }),
    ...(ending === 'abandon' && { disconnectGraceMs: 0 }),
  };
}
