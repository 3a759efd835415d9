// Why git failed, as the caller should hear it: its own words, without the credentials that a server may have
// repeated in them. Pure.
import { type ErrorCode, HoldfastError } from '#protocol';
import type { Credentials } from './address.ts';

const MESSAGE_LENGTH = 1_000;

const TOLD: [code: ErrorCode, pattern: RegExp][] = [
  ['DISK_FULL', /No space left on device|Disk quota exceeded/],
  ['FILE_EXISTS', /already exists and is not an empty directory/],
  [
    'GIT_AUTH_FAILED',
    /Authentication failed|could not read (Username|Password)|Permission denied \(|Host key verification failed|returned error: 40[13]\b/,
  ],
];

/** `lines` are what git wrote to stderr. */
export function gitError(lines: string[], credentials: Credentials | undefined): HoldfastError {
  const telling = lines.filter((line) => /^(fatal|error|remote|ssh|ERROR)\b/.test(line));
  const all = withoutCredentials((telling.length > 0 ? telling : lines).join('\n'), credentials);
  const code = TOLD.find(([, pattern]) => pattern.test(lines.join('\n')))?.[0] ?? 'GIT_FAILED';
  // The end tells most: servers like to greet.
  const said = all.length > MESSAGE_LENGTH ? `…${all.slice(-MESSAGE_LENGTH)}` : all;
  return new HoldfastError(code, `git could not clone the repository: ${said || 'it does not say why'}`);
}

/** Also as they are written in URLs and in the header of HTTP. */
export function withoutCredentials(text: string, credentials: Credentials | undefined): string {
  const { username, password } = credentials ?? { username: '', password: '' };
  // A token may stand where the user is expected.
  const secrets = password === '' ? [username] : [password];
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return [basic, ...forms]
    .filter((form) => form !== '' && form !== 'Og==')
    .sort((a, b) => b.length - a.length)
    .reduce((masked, form) => masked.replaceAll(form, '***'), text)
    .replace(/(\w:\/\/)[^/@\s]+@/g, '$1***@');
}
