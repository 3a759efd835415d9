// The program of an engine without a container: the engine, which ends with its host.
import './end-with-host.ts';
import '../engine/main.ts';
