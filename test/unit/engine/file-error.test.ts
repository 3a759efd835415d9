import { expect, test } from 'vitest';
import { fileError, shown } from '../../../container/engine/files/file-error.ts';
import { asHoldfastError } from '../../../container/engine/system-error.ts';
import { ERRORS, errorCode, HoldfastError } from '../../../sdk/protocol/index.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: open '/secret/of/the/host'`), { code });

test('what the kernel says of a file has a code, a status, and names the path as the caller wrote it', () => {
  for (const [code, told, status] of [
    ['ENOENT', 'FILE_NOT_FOUND', 404],
    ['EEXIST', 'FILE_EXISTS', 409],
    ['ENOTEMPTY', 'FILE_EXISTS', 409],
    ['EISDIR', 'IS_DIRECTORY', 409],
    ['ENOTDIR', 'NOT_DIRECTORY', 409],
    ['EACCES', 'PERMISSION_DENIED', 403],
    ['EPERM', 'PERMISSION_DENIED', 403],
    ['EROFS', 'PERMISSION_DENIED', 403],
    ['ENAMETOOLONG', 'NAME_TOO_LONG', 400],
    ['ELOOP', 'INVALID_REQUEST', 400],
    ['EBUSY', 'RESOURCE_BUSY', 409],
    ['ETXTBSY', 'RESOURCE_BUSY', 409],
  ] as const) {
    const error = fileError(failure(code), 'a/b') as HoldfastError;
    expect([error.code, error.status, ERRORS[error.code].status]).toEqual([told, status, status]);
    expect(error.message).not.toContain('secret');
    if (told !== 'NAME_TOO_LONG') expect(error.message).toContain('a/b');
  }
});

test('a full disk and too many open files are told as such', () => {
  for (const [code, told] of [
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EMFILE', 'OUT_OF_RESOURCES'],
    ['ENFILE', 'OUT_OF_RESOURCES'],
  ]) {
    expect(errorCode(asHoldfastError(fileError(failure(code!), 'a'), 'unexpected'))).toBe(told);
  }
});

test('errors of our own stay as they are, and long paths are shortened', () => {
  const own = new HoldfastError('FILE_CHANGED', 'x');
  expect(fileError(own, 'a')).toBe(own);
  expect(shown('x'.repeat(4_000)).length).toBeLessThan(200);
});
