// What is cloned, taken apart: the URL as git is to get it, the credentials that stood in it, the folder's name. Pure.
// Invariant: no URL that leaves here holds credentials, and none leads to a program other than git's own transports.
import { type GitAuth, HoldfastError } from '#protocol';

export interface Credentials {
  username: string;
  password: string;
}

export interface Address {
  /** For git; a path may still be relative. */
  url: string;
  /** A path in the sandbox, not a URL. */
  isPath: boolean;
  /** The repository's name; undefined where the URL tells none. */
  name: string | undefined;
  /** Scheme, host and port that credentials are for; with http and https only. */
  origin?: string;
  credentials?: Credentials;
}

/** Hosts that look at the token alone take any user; this is the one that the others want. */
const TOKEN_USER = 'x-access-token';
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * @throws INVALID_REQUEST
 * @example
 * gitAddress('https://ann:pw@git.example/a/b.git');
 * // { url: 'https://git.example/a/b.git', name: 'b', credentials: { username: 'ann', password: 'pw' }, ... }
 */
export function gitAddress(url: string, auth?: GitAuth): Address {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return overHttp(url, auth);
  if (auth) throw wrong('auth is for https and http; ssh takes the keys that are in the sandbox');
  const name = nameIn(url);
  if (scheme === undefined) return { url, isPath: !isScp(url), name };
  if (!['ssh', 'git', 'file'].includes(scheme)) {
    throw wrong('url: its scheme is none of https, http, ssh, git and file');
  }
  if (/^[^/]*:\/\/[^/@]*:[^/]*@/.test(url)) throw wrong('url: a password is for https and http only');
  return { url, isPath: false, name };
}

function overHttp(url: string, auth: GitAuth | undefined): Address {
  if (!URL.canParse(url)) throw wrong('url: it is not a URL');
  const parsed = new URL(url);
  const inUrl = credentialsIn(parsed);
  if (inUrl && auth) throw wrong('auth: the URL holds credentials too; give one of them');
  parsed.username = '';
  parsed.password = '';
  const credentials = auth ? fromAuth(auth) : inUrl;
  const { origin, href } = parsed;
  return {
    url: href,
    isPath: false,
    name: nameIn(parsed.pathname),
    origin,
    ...(credentials ? { credentials } : {}),
  };
}

function credentialsIn({ username, password }: URL): Credentials | undefined {
  if (username === '' && password === '') return undefined;
  const decoded = [username, password].map((text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw wrong('url: percent-encode what is no letter or digit in its credentials');
    }
  });
  if (decoded.some((text) => /\p{Cc}/u.test(text)))
    throw wrong('url: its credentials hold control characters');
  return { username: decoded[0]!, password: decoded[1]! };
}

function fromAuth(auth: GitAuth): Credentials {
  if ('token' in auth) return { username: auth.username ?? TOKEN_USER, password: auth.token };
  return { username: auth.username ?? '', password: auth.password };
}

/** As git tells `host:path` from a path: a colon before the first slash. */
function isScp(url: string): boolean {
  return /^[^/]*:/.test(url);
}

/** The last part of the path, without `.git`, as git takes it. */
function nameIn(url: string): string | undefined {
  const path = url.replace(SCHEME, '').replace(/[?#].*$/, '');
  const last =
    path
      .replace(/(\/\.git)?\/*$/, '')
      .split(/[/:]/)
      .at(-1) ?? '';
  const name = safelyDecoded(last).replace(/\.git$/, '');
  return name === '' || name === '.' || name === '..' || /[/\0]/.test(name) ? undefined : name;
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a path may hold any percent sign
  }
}

const wrong = (message: string) => new HoldfastError('INVALID_REQUEST', message);
