// Loaded into a child before its own program: ends it when the parent is gone, however that went.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
