// Those who follow changes share one thread: one that reads nothing, and one with a long way to go, hold nobody up.
import assert from 'node:assert/strict';
import https from 'node:https';
import test, { after, before } from 'node:test';
import { Instance, person, until } from './lib.mjs';

const PEOPLE = 20000;
const sejf = new Instance({ charters: ['events'] });
let token, other, event, open = [];

// Follows from a change number on; `reads` false: its answer is never read.
function follow(who, from, reads) {
  const got = { ids: [], req: null };
  got.req = https.request({ host: 'localhost', port: sejf.port, path: `/v1/events/changes?after=${from}`, agent: new https.Agent({ ca: sejf.agent.options.ca }), headers: { authorization: `Bearer ${who}`, accept: 'text/event-stream' } }, (res) => {
    got.answered = res.statusCode;
    if (!reads) { res.pause(); return; }
    let rest = '';
    res.setEncoding('utf8');
    res.on('data', (d) => {
      const frames = (rest + d).split('\n\n');
      rest = frames.pop();
      for (const f of frames) { const m = /^id: (\d+)$/m.exec(f); if (m) got.ids.push(Number(m[1])); }
    });
    res.on('error', () => {});
  });
  got.req.on('error', () => {});
  got.req.end();
  open.push(got);
  return got;
}
const make = async (who, title) => (await sejf.call('POST', '/v1/events/event', { token: who, body: { fields: { title, starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' } } })).json.id;

before(async () => {
  await sejf.start();
  token = sejf.token('events', sejf.tenant('events', 'Many'), 'organiser');
  other = sejf.token('events', sejf.tenant('events', 'Few'), 'organiser');
  event = await make(token, 'Bieg');
  const rows = Array.from({ length: PEOPLE }, (_, i) => JSON.stringify({ event, ...person(i) })).join('\n');
  const r = await sejf.call('POST', '/v1/events/registration/import', { token, type: 'application/x-ndjson', body: rows });
  assert.match(r.text, new RegExp(`"made":\\s*${PEOPLE}\\b`), r.text.slice(-300));
});
after(async () => { open.forEach((f) => f.req.destroy()); await sejf.remove(); });

test('a change is told while others read nothing or have a long way to go', { timeout: 120000 }, async () => {
  const stuck = Array.from({ length: 4 }, () => follow(token, 0, false));      // more is there for each than any buffer on the way holds
  await until('the stuck ones to be served', () => stuck.every((f) => f.answered === 200), 60000);
  const long = follow(token, 0, true), few = follow(other, 0, true);
  await until('the last one to be served', () => few.answered === 200 && long.answered === 200, 60000);
  for (let n = 1; n <= 3; n++) {
    await make(other, `Marsz ${n}`);
    await until(`change ${n} to be told`, () => few.ids.length === n, 30000, 20);
  }
  await until('all of the long way', () => long.ids.length > PEOPLE, 60000);
  assert.deepEqual(long.ids, [...long.ids].sort((a, b) => a - b), 'in order, none twice');
  assert.equal(new Set(long.ids).size, long.ids.length);
  assert.ok(stuck.every((f) => f.ids.length === 0));
});
