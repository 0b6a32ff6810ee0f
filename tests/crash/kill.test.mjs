// kill -9 of server, keeper, or both, at random moments while records are made, changed and erased; also during renewal.
// Every acknowledged write must be there afterwards, nothing erased may come back, and the service starts by itself.
// SEJF_KILLS: rounds (20 unless told).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test, { after, before } from 'node:test';
import { Instance, sleep, until } from '../e2e/lib.mjs';

const rounds = Number(process.env.SEJF_KILLS || 20);
const sejf = new Instance({ charters: ['events'] });
const made = new Map(), erased = new Set(), maybeErased = new Set();
let token, event, serial = 0, failed = 0;

before(async () => {
  await sejf.start();
  token = sejf.token('events', sejf.tenant('events'), 'organiser');
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Storm', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z' } } });
  assert.equal(r.status, 201, r.text);
  event = r.json.id;
});
after(() => sejf.remove());

// The processes below the parent, by the name of their command.
function children() {
  const list = {};
  for (const pid of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== sejf.child.pid) continue;
      const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const name = ['keeper', 'server'].find((n) => args.includes(n));
      if (name) list[name] = Number(pid);
    } catch { /* it went away */ }
  }
  return list;
}

async function writer(stop) {
  while (!stop.now) {
    const i = serial++;
    try {
      const r = await sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event, name: `Storm ${i}`, email: `storm.${i}@crowd.example` } }, timeout: 5000 });
      if (r.status === 201) made.set(r.json.id, `storm.${i}@crowd.example`);
      if (i % 4 === 0 && made.size > 20) {
        const id = [...made.keys()][Math.floor(Math.random() * made.size)];
        made.delete(id);
        maybeErased.add(id);
        const d = await sejf.call('DELETE', `/v1/events/registration/${id}`, { token, timeout: 5000 });
        if (d.status < 300) { maybeErased.delete(id); erased.add(id); }
      }
    } catch { failed++; await sleep(20); }
  }
}

test(`${rounds} kills under load`, { timeout: 3600000 }, async () => {
  for (let round = 0; round < rounds; round++) {
    const stop = { now: false };
    const writers = Array.from({ length: 8 }, () => writer(stop));
    await sleep(50 + Math.random() * 400);
    if (round % 5 === 4) sejf.runAsync(['renew']).catch(() => {});
    await sleep(Math.random() * 100);
    const pids = children();
    assert.ok(pids.server && pids.keeper, `round ${round}: processes ${JSON.stringify(pids)}`);
    const which = [['server'], ['keeper'], ['server', 'keeper']][round % 3];
    for (const w of which) process.kill(pids[w], 'SIGKILL');
    await sleep(100);
    stop.now = true;
    await Promise.all(writers);
    await until(`round ${round}: the service to answer again`, async () => (await sejf.call('GET', '/readyz', { timeout: 2000 })).status === 200, 20000, 50);
    const check = [...made.keys()].slice(-60);
    for (const id of check) {
      const r = await sejf.call('GET', `/v1/events/registration/${id}`, { token });
      assert.equal(r.status, 200, `round ${round}: an acknowledged record is gone: ${r.text}`);
      assert.equal(r.json.fields.email, made.get(id));
    }
    for (const id of [...erased].slice(-30)) {
      const r = await sejf.call('GET', `/v1/events/registration/${id}`, { token });
      assert.ok([404, 410].includes(r.status), `round ${round}: an erased record came back (${r.status})`);
    }
  }
});

test('afterwards every acknowledged record is there, found by its e-mail, and the ledger verifies', async () => {
  for (const [id, email] of made) {
    const r = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { email } } });
    assert.deepEqual(r.json.items.map((i) => i.id), [id]);
  }
  for (const id of erased) assert.ok([404, 410].includes((await sejf.call('GET', `/v1/events/registration/${id}`, { token })).status));
  const v = await sejf.runAsync(['ledger', 'verify']);
  assert.equal(v.status, 0, v.stdout + v.stderr);
  console.log(`# ${made.size} records kept, ${erased.size} erased, ${failed} calls cut off`);
});
