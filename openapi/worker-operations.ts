// The calls that the Worker has beside those of the protocol's table.
import { PatchSandboxRequest, PreviewRequest, TokenRequest } from '#protocol';
import type { Answer } from './answers.ts';

export interface WorkerOperation extends Answer {
  method: string;
  path: string;
  body?: object;
}

const SANDBOX = '/v1/sandboxes/:sandbox';

export const WORKER_OPERATIONS: Record<string, WorkerOperation> = {
  getSandbox: {
    method: 'GET',
    path: SANDBOX,
    tag: 'Sandbox',
    summary: 'State, settings and sessions of the sandbox, from storage alone',
    results: { 200: { json: 'SandboxInfo' } },
    errors: ['SANDBOX_NOT_FOUND'],
  },
  updateSandbox: {
    method: 'PATCH',
    path: SANDBOX,
    body: PatchSandboxRequest,
    tag: 'Sandbox',
    summary: 'Change settings of the sandbox',
    description: 'Takes the API key.',
    results: { 200: { json: 'SandboxInfo' } },
    errors: [],
  },
  deleteSandbox: {
    method: 'DELETE',
    path: SANDBOX,
    tag: 'Sandbox',
    summary: 'End the container and remove all that is kept',
    description: 'Takes the API key. Safe to repeat.',
    results: { 204: null },
    errors: [],
  },
  createToken: {
    method: 'POST',
    path: `${SANDBOX}/tokens`,
    body: TokenRequest,
    tag: 'Sandbox',
    summary: 'A token for this sandbox alone',
    description: 'Takes the API key.',
    results: { 201: { json: 'TokenResult' } },
    errors: [],
  },
  listPreviews: {
    method: 'GET',
    path: `${SANDBOX}/previews`,
    tag: 'Ports',
    summary: 'The preview URLs of the sandbox, without the URLs themselves',
    results: { 200: { json: 'PreviewList' } },
    errors: [],
  },
  createPreview: {
    method: 'POST',
    path: `${SANDBOX}/previews`,
    body: PreviewRequest,
    tag: 'Ports',
    summary: 'Give a port a URL that needs no key',
    description: 'Takes the API key.',
    results: { 201: { json: 'Preview' } },
    errors: ['NAME_TOO_LONG', 'TOO_MANY_PREVIEWS'],
  },
  deletePreview: {
    method: 'DELETE',
    path: `${SANDBOX}/previews/:preview`,
    tag: 'Ports',
    summary: 'Revoke one preview by its id, or all of a port by its number',
    description: 'Takes the API key.',
    results: { 204: null },
    errors: ['NOT_FOUND'],
  },
};
