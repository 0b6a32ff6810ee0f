// kill -9 of mailer, server, or both at random moments while messages to the people of records flow to a relay that keeps everything: none is lost, and one
// that arrives twice is one whose last answer never came, under the same Message-ID, and counted. Then peers that stall, reset, put off for ever,
// close after DATA and answer with ten megabytes: what they do to their letters is done to no other's. SEJF_KILLS: rounds (12 unless told).
// Time is moved from outside by libfaketime, since what is in doubt waits ten minutes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Instance, sleep, until } from '../e2e/lib.mjs';
import { Keeper, Tenant } from '../e2e/queue.mjs';

const rounds = Number(process.env.SEJF_KILLS || 12), each = 6;
const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

async function begin(relay, { moved = false } = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-outbox-')), stamp = path.join(directory, 'now');
  cleanup.push(() => fs.rmSync(directory, { recursive: true, force: true }));
  fs.chmodSync(directory, 0o755);                             // every process reads the file that moves its time
  fs.writeFileSync(stamp, '+0d\n', { mode: 0o644 });
  if (moved) assert.ok(library, 'libfaketime is installed');
  const env = moved ? { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: stamp, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' } : {};
  const sejf = await new Instance({ charters: ['events'], env }).init();
  cleanup.push(() => sejf.remove());
  const settings = path.join(sejf.data, 'sejf.yaml');
  if (moved) fs.writeFileSync(settings, `${fs.readFileSync(settings, 'utf8').replace(/^#? *sandbox:.*$/m, '')}\nsandbox: no\n`);
  fs.appendFileSync(settings, relay.settings());
  cleanup.push(() => relay.stop());
  await sejf.start();
  sejf.later = (minutes) => fs.writeFileSync(stamp, `+${minutes}m\n`);
  return sejf;
}

const pid = (sejf, name) => { try { return Number(fs.readFileSync(path.join(sejf.data, 'run', `${name}.pid`), 'utf8')); } catch { return 0; } };
const kill = (sejf, names) => { for (const n of names) { const p = pid(sejf, n); if (p > 1) try { process.kill(p, 'SIGKILL'); } catch { /* it is gone already */ } } };
const victims = [['mailer'], ['server'], ['mailer', 'server']];

test(`${rounds} kills while messages flow: none is lost, and none comes twice but in doubt`, { timeout: 7200000 }, async (t) => {
  const relay = await Keeper.start(), sejf = await begin(relay, { moved: true });
  relay.delay = () => Math.random() * 80;
  const tenant = await new Tenant(sejf, 'Biegi').event();
  const sent = [], ids = [];
  for (let round = 0; round < rounds; round++) ids.push(await tenant.people(Array.from({ length: each }, (_, i) => `p${round}.${i}@people.example`)));
  for (let round = 0; round < rounds; round++) {
    const flow = tenant.send(ids[round]);
    await sleep(Math.random() * 120);
    kill(sejf, victims[round % victims.length]);
    sent.push(...await flow);
    await sleep(Math.random() * 60);
    if (round % 4 === 3) kill(sejf, victims[(round + 1) % victims.length]);
  }
  assert.equal(new Set(sent).size, rounds * each);
  let minutes = 0, rows = [];
  await until('every message to be settled', async () => {
    rows = await tenant.list().catch(() => []);
    if (rows.length === sent.length && rows.every((r) => r.state !== 'waiting' && r.state !== 'sending')) return true;
    minutes += 1;
    sejf.later(minutes);
    return false;
  }, 240000, 500);
  for (const r of rows) {
    const times = relay.came.get(r.id) || 0;
    assert.ok(r.state === 'sent' || (r.state === 'unknown' && r.doubts === 4), JSON.stringify(r));
    assert.ok(times >= 1, `lost: ${JSON.stringify(r)}`);
    assert.ok(times - 1 <= r.doubts, `came ${times} times: ${JSON.stringify(r)}`);
  }
  assert.deepEqual([...relay.came.keys()].sort(), sent.slice().sort(), 'and nothing else came');
  const twice = rows.filter((r) => relay.came.get(r.id) > 1).length, doubts = rows.reduce((n, r) => n + r.doubts, 0);
  t.diagnostic(`${sent.length} messages, ${doubts} tries in doubt, ${twice} came twice or more`);
});

test('what a peer does to its letters is done to no other', { timeout: 400000 }, async () => {
  const deeds = ['stall', 'reset', 'later', 'close', 'huge'];
  const relay = await Keeper.start((to) => deeds.find((d) => to.startsWith(d)) || null), sejf = await begin(relay);
  const bad = await new Tenant(sejf, 'Z kłopotami').event(), good = await new Tenant(sejf, 'Bez kłopotów').event();
  const ids = await bad.people(deeds.flatMap((d) => [1, 2, 3, 4].map((i) => `${d}.${i}@people.example`)));
  await bad.send(ids);
  const fine = await good.send(await good.people(Array.from({ length: 30 }, (_, i) => `fine.${i}@people.example`)));
  await until('the letters of the other tenant', async () => {
    const rows = await good.list();
    return rows.length === fine.length && rows.every((r) => r.state === 'sent');
  }, 120000, 300);
  for (const id of fine) assert.equal(relay.came.get(id), 1);
  for (const r of await bad.list()) {
    assert.ok(['waiting', 'sending'].includes(r.state), JSON.stringify(r));         // none is given up, none is called sent
    assert.doesNotMatch(JSON.stringify(r), /people\.example|xxxxxxxxxx/);
  }
});
