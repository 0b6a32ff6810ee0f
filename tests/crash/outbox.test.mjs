// kill -9 of mailer, sender, server or several of them at random moments, the server also twice in a row, while messages to the people of records flow to a relay and to a
// provider of text messages that keep everything: none is lost, and one that arrives twice is one whose last answer never came, under the same Message-ID, and counted. Then
// peers that stall, reset, put off for ever, close after DATA and answer with ten megabytes: what they do to their letters is done to no other's. SEJF_KILLS: rounds
// (12 unless told). Time is moved from outside by libfaketime, since what is in doubt waits ten minutes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Instance, root, sleep, until } from '../e2e/lib.mjs';
import { Keeper, Tenant } from '../e2e/queue.mjs';
import { Hub } from '../e2e/smshub.mjs';

const rounds = Number(process.env.SEJF_KILLS || 12), each = 6;
const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

// The charter of events, with text messages to Poland.
function withTexts(directory) {
  const yaml = fs.readFileSync(path.join(root, 'charters', 'events.yaml'), 'utf8'), file = path.join(directory, 'events.yaml');
  const changed = yaml.replace('\n  sms: never\n', '\n  sms: only to participant of the same event, at most 3 a day for each person\n')
    .replace('\nconnections:', '\nsms:\n  only_to: "+48"\n  described_as: {en: Poland, pl: Polska, hu: Lengyelország}\nconnections:');
  assert.notEqual(changed.indexOf('only_to'), -1);
  fs.writeFileSync(file, changed);
  return file;
}
function install(sejf, hub) {
  fs.writeFileSync(path.join(sejf.data, 'sms.token'), 'tok3n\n', { mode: 0o600 });
  fs.copyFileSync(hub.ca, path.join(sejf.data, 'hub-ca.pem'));
  return `sms:\n  provider: ${hub.kind}\n  address: https://localhost:${hub.port}\n  token: file sms.token\n  ca: hub-ca.pem\n  private: yes\n`;
}

async function begin(relay, { moved = false, texts = null } = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-outbox-')), stamp = path.join(directory, 'now');
  cleanup.push(() => fs.rmSync(directory, { recursive: true, force: true }));
  fs.chmodSync(directory, 0o755);                             // every process reads the file that moves its time
  fs.writeFileSync(stamp, '+0d\n', { mode: 0o644 });
  if (moved) assert.ok(library, 'libfaketime is installed');
  const env = moved ? { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: stamp, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' } : {};
  const hub = texts && await Hub.start(texts, directory, 'tok3n');
  if (hub) cleanup.push(() => hub.stop());
  const sejf = await new Instance({ charters: [hub ? withTexts(directory) : 'events'], env }).init();
  cleanup.push(() => sejf.remove());
  const settings = path.join(sejf.data, 'sejf.yaml');
  if (moved) fs.writeFileSync(settings, `${fs.readFileSync(settings, 'utf8').replace(/^#? *sandbox:.*$/m, '')}\nsandbox: no\n`);
  fs.appendFileSync(settings, relay.settings() + (hub ? install(sejf, hub) : ''));
  cleanup.push(() => relay.stop());
  await sejf.start();
  sejf.hub = hub;
  sejf.later = (minutes) => fs.writeFileSync(stamp, `+${minutes}m\n`);
  return sejf;
}

const pid = (sejf, name) => { try { return Number(fs.readFileSync(path.join(sejf.data, 'run', `${name}.pid`), 'utf8')); } catch { return 0; } };
const kill = (sejf, names) => { for (const n of names) { const p = pid(sejf, n); if (p > 1) try { process.kill(p, 'SIGKILL'); } catch { /* it is gone already */ } } };
// Who falls in a round: those of the first list at once, then those of the next, when all of them run again.
const victims = [[['mailer']], [['server']], [['sender']], [['mailer', 'server']], [['server'], ['server']], [['sender', 'server']], [['server'], ['mailer', 'sender', 'server']], [['mailer', 'sender']]];
async function fall(sejf, lists) {
  for (const [i, names] of lists.entries()) {
    if (i > 0) {
      await until('the server to be back', async () => (await sejf.call('GET', '/healthz', { timeout: 2000 })).status === 200, 60000, 10);
      await sleep(Math.random() * 150);
    }
    kill(sejf, names);
  }
}
// A reference is the message's id without its dashes, and the tenant.
const known = (reference) => reference.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})t[0-9a-f]+$/, '$1-$2-$3-$4-$5');

async function kills(t, provider, rounds) {
  const relay = await Keeper.start(), sejf = await begin(relay, { moved: true, texts: provider });
  relay.delay = sejf.hub.delay = () => Math.random() * 80;
  sejf.hub.before = () => Math.random() * 30;
  const tenant = await new Tenant(sejf, 'Biegi').event(), sent = [], ids = [];
  let serial = 0;
  for (let round = 0; round < rounds; round++) ids.push(await tenant.people(Array.from({ length: each }, (_, i) => `p${round}.${i}@people.example`), () => `+48600${100000 + serial++}`));
  for (let round = 0; round < rounds; round++) {
    const flow = Promise.all([tenant.send(ids[round]), tenant.send(ids[round], 'sms')]);
    await sleep(Math.random() * 120);
    await fall(sejf, victims[round % victims.length]);
    sent.push(...(await flow).flat());
    await sleep(Math.random() * 60);
    if (round % 5 === 4) await fall(sejf, victims[(3 * round) % victims.length]);
  }
  assert.equal(new Set(sent).size, 2 * rounds * each);
  let minutes = 0, rows = [];
  await until('every message to be settled', async () => {
    rows = await tenant.list().catch(() => []);
    const open = rows.filter((r) => r.state === 'waiting' || r.state === 'sending');
    if (rows.length === sent.length && open.length === 0) return true;
    minutes = Math.min(minutes + 1, 20 * 60);                 // a provider that takes a reference once remembers it for a day, and no pause of ours lasts so long
    sejf.later(minutes);
    throw new Error(`after ${minutes} minutes ${rows.length} of ${sent.length} are there, ${open.length} not settled: ${JSON.stringify(open.slice(0, 2))}`);
  }, 600000, 500);
  const came = new Map(relay.came);
  for (const m of sejf.hub.taken) came.set(known(m.reference), (came.get(known(m.reference)) || 0) + 1);
  for (const r of rows) {
    const times = came.get(r.id) || 0;
    assert.ok(r.state === 'sent' || (r.state === 'unknown' && r.doubts === 4), JSON.stringify(r));
    assert.ok(times >= 1, `lost: ${JSON.stringify(r)}`);
    assert.ok(times - 1 <= r.doubts, `came ${times} times: ${JSON.stringify(r)}`);
  }
  assert.deepEqual([...came.keys()].sort(), sent.slice().sort(), 'and nothing else came');
  for (const channel of ['email', 'sms']) {
    const of = rows.filter((r) => r.channel === channel), twice = of.filter((r) => came.get(r.id) > 1).length, doubts = of.reduce((n, r) => n + r.doubts, 0);
    t.diagnostic(`${channel}: ${of.length} messages, ${doubts} tries in doubt, ${twice} came twice or more`);
  }
}

// SerwerSMS is asked what became of a message, SMSAPI refuses a second one of the same reference.
test(`${rounds} kills while messages flow: none is lost, and none comes twice but in doubt`, { timeout: 7200000 }, (t) => kills(t, 'serwersms', rounds));
test('kills while text messages flow to a provider that takes a reference once', { timeout: 7200000 }, (t) => kills(t, 'smsapi', Math.ceil(rounds / 3)));

test('what a peer does to its letters is done to no other', { timeout: 400000 }, async () => {
  const deeds = ['stall', 'reset', 'later', 'close', 'huge', 'hang', 'shut', 'grey', 'slow', 'spam'];
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
