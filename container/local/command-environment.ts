// The environment of commands that run here unisolated: who and where the user is, and no secret of the shell
// that started us.
const KEPT = /^(HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR)$/;

/** What of `env` a command may see. npm's additions to PATH are left out: they are the project's, not the user's. */
export function commandEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(env).filter(([name, value]) => KEPT.test(name) && value !== undefined);
  const path = (env.PATH ?? '').split(':').filter((entry) => !/\/node_modules\/|\/node_modules$/.test(entry));
  return { ...(Object.fromEntries(kept) as Record<string, string>), PATH: path.join(':') };
}
