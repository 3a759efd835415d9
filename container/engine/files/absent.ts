// For calls about a path at which nothing may be.

/** @example const stats = await lstat(path).catch(absent); */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
