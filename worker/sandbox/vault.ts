// Sealing what must not be in storage as it is: AES-GCM with a key of the sandbox's own, derived (HKDF, RFC 5869) from
// the Worker's secret. What is sealed for one sandbox or purpose opens for no other.
import { HoldfastError } from '#protocol';

const IV_BYTES = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Vault {
  readonly #secret: string | undefined;
  readonly #sandbox: string;
  #key: Promise<CryptoKey> | undefined;

  /** `secret`: `HOLDFAST_SECRETS_KEY`, or the API key where there is none. `sandbox`: what tells it from others. */
  constructor(secret: string | undefined, sandbox: string) {
    this.#secret = secret;
    this.#sandbox = sandbox;
  }

  /** base64 of the nonce and what it sealed. `purpose` must be the same to open it. Throws INVALID_REQUEST without a key. */
  async seal(text: string, purpose: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const params = { name: 'AES-GCM', iv, additionalData: encoder.encode(purpose) };
    const sealed = new Uint8Array(
      await crypto.subtle.encrypt(params, await this.#derived(), encoder.encode(text)),
    );
    const all = new Uint8Array(IV_BYTES + sealed.length);
    all.set(iv);
    all.set(sealed, IV_BYTES);
    return all.toBase64();
  }

  /** Undefined for what another key, or purpose, sealed. */
  async open(sealed: string, purpose: string): Promise<string | undefined> {
    try {
      const all = Uint8Array.fromBase64(sealed);
      const params = {
        name: 'AES-GCM',
        iv: all.subarray(0, IV_BYTES),
        additionalData: encoder.encode(purpose),
      };
      const opened = await crypto.subtle.decrypt(params, await this.#derived(), all.subarray(IV_BYTES));
      return decoder.decode(opened);
    } catch (error) {
      console.error(`what is sealed as ${purpose} cannot be opened:`, (error as Error).message);
      return undefined;
    }
  }

  async #derived(): Promise<CryptoKey> {
    const secret = this.#secret;
    if (!secret) {
      throw new HoldfastError(
        'INVALID_REQUEST',
        'Secrets need a key: set HOLDFAST_SECRETS_KEY of the Worker.',
      );
    }
    this.#key ??= (async () => {
      const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, [
        'deriveKey',
      ]);
      const salt = encoder.encode('holdfast secrets 1');
      const params = { name: 'HKDF', hash: 'SHA-256', salt, info: encoder.encode(this.#sandbox) };
      const algorithm = { name: 'AES-GCM', length: 256 };
      return await crypto.subtle.deriveKey(params, material, algorithm, false, ['encrypt', 'decrypt']);
    })();
    return await this.#key;
  }
}
