// A file as the wire tells it, from what lstat(2) or stat(2) says.
import type { Stats } from 'node:fs';
import type { FileInfo, FileType } from '#protocol';

export function typeOf(stats: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

export function describe(
  stats: Stats,
): Pick<FileInfo, 'type' | 'size' | 'modifiedAt' | 'mode' | 'permissions'> {
  return {
    type: typeOf(stats),
    size: stats.size,
    modifiedAt: stats.mtime.toISOString(),
    mode: (stats.mode & 0o7777).toString(8).padStart(3, '0'),
    permissions: permissionsOf(stats),
  };
}

/** By the mode bits alone, as access(2) does without ACLs: root reads and writes all, and executes what anyone may. */
function permissionsOf({ mode, uid, gid }: Stats): FileInfo['permissions'] {
  const own = process.geteuid!();
  if (own === 0) return { readable: true, writable: true, executable: (mode & 0o111) !== 0 };
  const inGroup = gid === process.getegid!() || process.getgroups!().includes(gid);
  const bits = uid === own ? mode >> 6 : inGroup ? mode >> 3 : mode;
  return { readable: (bits & 4) !== 0, writable: (bits & 2) !== 0, executable: (bits & 1) !== 0 };
}
