// Secrets: environment variables whose values are masked in all that leaves the sandbox.
import * as z from 'zod';
import { LIMITS } from './limits.ts';
import { Env } from './names.ts';

const encoder = new TextEncoder();

/** A shorter one could not be told from other text, and to mask it would spoil that. */
const SecretValue = z
  .string()
  .refine((value) => !value.includes('\0'), 'a value must not hold NUL')
  .refine(
    (value) => encoder.encode(value).length >= LIMITS.secretBytes.min,
    `a secret has at least ${LIMITS.secretBytes.min} bytes; give shorter values as env`,
  )
  .refine(
    (value) => encoder.encode(value).length <= LIMITS.secretBytes.max,
    `a secret has at most ${LIMITS.secretBytes.max} bytes; hand over more in a file`,
  );

const few = (secrets: object) => Object.keys(secrets).length <= LIMITS.secrets;
const TOO_MANY = `at most ${LIMITS.secrets} secrets`;

export const Secrets = z.record(Env.keyType, SecretValue).refine(few, TOO_MANY);
export type Secrets = z.infer<typeof Secrets>;

/** null removes a name. */
export const SecretsPatch = z.record(Env.keyType, SecretValue.nullable()).refine(few, TOO_MANY);

/** What a Durable Object tells its engine: an internal call, `PUT /secrets`. */
export const PutSecrets = z.strictObject({ secrets: Secrets });
