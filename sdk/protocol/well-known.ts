// Names that a client needs without a schema: it does not carry zod for them.

/** The session that every sandbox has from its start. */
export const DEFAULT_SESSION = 'default';

/** A sandbox's name: a DNS label, so that it can become part of a host name. */
export const SANDBOX_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
