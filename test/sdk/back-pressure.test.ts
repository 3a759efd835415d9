// A slow reader holds the server back, so that memory stays flat whatever a command prints.
import { expect, test } from 'vitest';
import { connectEngine } from '../../sdk/index.ts';
import { until } from '../e2e/harness/until.ts';
import { EXIT, encoded, START } from './harness/recorded-command.ts';
import { serve } from './harness/serve.ts';

const MIB = 1 << 20;

test('what is not read is not fetched: of 256 MiB a few wait on the way', async () => {
  const event = (seq: number) => encoded({ type: 'stdout', data: 'x'.repeat(MIB), seq });
  let sentMib = 0;
  const { url } = await serve((res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(encoded(START));
    const more = () => {
      while (sentMib < 256) if (!res.write(event(++sentMib))) return void res.once('drain', more);
      res.end(encoded(EXIT));
    };
    more();
  });
  const stream = connectEngine(url).execStream('yes');
  await stream.next();
  await stream.next();
  let before = -1;
  await until(async () => {
    const still = before === sentMib;
    before = sentMib;
    return still;
  });
  expect(sentMib).toBeLessThan(32);
  let receivedMib = 1;
  for await (const { type } of stream) if (type === 'stdout') receivedMib += 1;
  expect(receivedMib).toBe(256);
});
