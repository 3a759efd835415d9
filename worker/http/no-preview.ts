// What everybody hears whose preview URL leads nowhere, for whatever reason.
import { HoldfastError } from '#protocol';

export function noPreview(): HoldfastError {
  return new HoldfastError(
    'NOT_FOUND',
    'There is no such preview: the link is wrong, has expired or was revoked.',
  );
}
