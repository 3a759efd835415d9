// Names that a client needs without a schema: it does not carry zod for them.

/** The session that every sandbox has from its start. */
export const DEFAULT_SESSION = 'default';

/** A sandbox's name: a DNS label, so that it can become part of a host name. */
export const SANDBOX_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * The id of a command whose request names none: given by the Durable Object, which can then repeat a request whose
 * answer was cut off.
 */
export const COMMAND_ID_HEADER = 'x-holdfast-command-id';
