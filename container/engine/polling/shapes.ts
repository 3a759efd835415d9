// The wire of the polling dialect, as its clients speak it. Unknown fields are ignored. Pure.
import * as z from 'zod';
import { CommandText, type OutputPage } from '#protocol';

/** Takes nothing; what is there must still be an object. */
export const NoOptions = z.object({});

export const ToolCall = z.object({ tool: z.string(), arguments: z.unknown() });

/** Arguments of `exec_command`. */
export const ExecCommandArguments = z.object({ command: CommandText });

export const StdinBody = z.object({ data_b64: z.string() });

/** A sandbox is one environment, and starting processes is what the dialect offers in it. */
export const ENVS = [
  {
    name: 'default',
    type: 'executor',
    is_default: true,
    tools: [
      {
        name: 'exec_command',
        description: 'Start a process in the background; returns its session_id.',
        kind: 'core',
      },
    ],
  },
] as const;

/** The bytes of padded base64 (RFC 4648, section 4), or undefined for what is none. */
export function fromBase64(text: string): Buffer | undefined {
  const valid = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return valid ? Buffer.from(text, 'base64') : undefined;
}

/** The result of a tool, as structure and, for clients that read only that, as text. */
export function toolResult(structuredContent: object) {
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

/**
 * A page of output. `more` says that the log holds lines behind it: the exit code comes with the page after
 * which there are none, because some clients stop reading at it. `truncated` says that bytes were lost.
 */
export function outputAnswer({ chunks, exitCode, alive, lostBytes }: OutputPage, more: boolean) {
  return {
    chunks: chunks.map(({ stream, data, dataBase64, seq }) => ({
      stream,
      data_b64: dataBase64 ?? Buffer.from(data ?? '').toString('base64'),
      seq,
    })),
    exit_code: more ? null : exitCode,
    session_alive: alive,
    truncated: lostBytes > 0,
    lost_bytes: lostBytes,
  };
}
