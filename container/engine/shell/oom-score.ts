// What the kernel takes first when memory runs out: commands, and never the engine that tells about it.

/**
 * A line of bash by which a shell offers itself, and with it all that it starts: 1000 is the most (proc(5),
 * oom_score_adj), so nothing that had more is lowered. Raising it is allowed to everybody. No fork; silent where there
 * is no /proc to write to. `>|` because `noclobber` holds for files of /proc too.
 */
export const OFFER_FIRST = '{ builtin echo 1000 >|/proc/self/oom_score_adj; } 2>/dev/null';
