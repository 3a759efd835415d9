import { expect, test } from 'vitest';
import { inheritedEnvironment } from '../../../container/engine/shell/environment.ts';

test('a shell inherits what it needs, and no secret of the engine', () => {
  const own = {
    PATH: '/bin',
    HOME: '/root',
    LC_ALL: 'C',
    HOLDFAST_ENGINE_TOKEN: 's',
    npm_config_x: '1',
    AWS_KEY: 'k',
  };
  expect(inheritedEnvironment(own)).toEqual({ PATH: '/bin', HOME: '/root', LC_ALL: 'C' });
});
