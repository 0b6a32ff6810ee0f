// kill -9 in the middle of a night: while what is due is erased, while keys are renewed, while certificates are made. Afterwards each record is whole
// or gone with all that finds it; what was counted, certified and written into the ledger is what went, neither more nor less; what a
// thief took that evening opens nothing with the keyring of the morning.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, sleep, until } from '../e2e/lib.mjs';
import { anew, members } from './lib.mjs';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-night-'));
fs.chmodSync(dir, 0o755);                     // each process has a user of its own
fs.writeFileSync(path.join(dir, 'nights.yaml'), `charter: nights
title: {en: Nights}
updated: 2026-11-22
clock: Europe/Warsaw
speaks: [en]
operator:
  name: Nights, Gdynia
  contact: privacy@nights.example
  authority: UODO
people:
  owner: who keeps a house here
  guest: who sleeps in it
tenant: owner
records:
  stay:
    we_are: processor for the owner
    about: guest
    because: contract with the guest
    used_for: [keeping a house]
    belongs_to: owner
    holds:
      ended: time, sorted
      name: personal text, found by word
      mail: personal email, found exactly
      status: one of slept | missed, found exactly
    keep: 180 days after ended, then erase, count by status stays
  bill:
    we_are: processor for the owner
    about: guest
    because: contract with the guest
    used_for: [keeping books]
    belongs_to: owner
    holds:
      issued: time, sorted
      room: text
      buyer: personal text
      mail: personal email, found exactly
    keep:
      - fields: room, issued
        for: 5 years after issued, then erase
      - fields: buyer, mail
        for: 90 days after issued, then erase
who_sees:
  owner: everything of own stay, everything of own bill
`);
const STAYS = 6000, MORE = 1500, BILLS = 400, DAY = 86400e3;
const sejf = new Instance({ charters: [path.join(dir, 'nights.yaml')] });
const thing = (n) => path.join(dir, n);
let tenant, token, everything;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const ask = (method, target, options = {}) => sejf.call(method, `/v1/nights/${target}`, { token, ...options });
const readable = async () => (await sejf.call('GET', '/readyz', { timeout: 5000 })).status === 200;

before(async () => {
  await sejf.start();
  tenant = sejf.tenant('nights');
  token = sejf.token('nights', tenant, 'owner');
}, { timeout: 120000 });
after(async () => { await sejf.remove(); fs.rmSync(dir, { recursive: true, force: true }); });

async function put(kind, list) {
  const r = await ask('POST', `${kind}/import`, { type: 'application/x-ndjson', body: list.map((o) => JSON.stringify(o)).join('\n'), timeout: 120000 });
  assert.equal(r.status, 200, r.text);
  assert.match(r.text, new RegExp(`"made":\\s*${list.length}\\b`), r.text.slice(0, 500));
}
async function all(kind) {
  const ids = [];
  for (let cursor = ''; cursor !== null;) {
    const r = await ask('GET', `${kind}?limit=1000${cursor}`);
    assert.equal(r.status, 200, r.text);
    ids.push(...r.json.items);
    cursor = r.json.next ? `&cursor=${encodeURIComponent(r.json.next)}` : null;
  }
  return ids;
}
const find = async (kind, mail) => (await ask('POST', `${kind}/search`, { body: { where: { mail } } })).json.items.length;
const stay = (i) => ({ ended: ago(190), name: `Anna Zawilska ${i}`, mail: `stay.${i}@people.example`, status: i % 3 ? 'slept' : 'missed' });
const bill = (i) => ({ issued: ago(100), room: `Room ${i}`, buyer: `Anna Zawilska ${i}`, mail: `bill.${i}@people.example` });

async function seen(first) {
  await until('the walk to be seen', async () => {
    const r = await ask('GET', `${first.fields.room ? 'bill' : 'stay'}/${first.id}`, { timeout: 5000 });
    return r.status === 410 || (r.status === 200 && r.json.fields.buyer === null);
  }, 60000, 2);
}

// Kills, waits until the service is there again.
async function strike(which, what, wait = true) {
  const now = members(sejf);
  for (const w of which) {
    const pid = w === 'parent' ? sejf.child.pid : now[w];
    if (pid) process.kill(pid, 'SIGKILL');                 // one that just ended with the other is being started anew
  }
  if (which.includes('parent')) await anew(sejf, now, what);
  if (!wait) await until(`${what}: another server`, () => { const m = members(sejf); return m.server && m.server !== now.server; }, 60000, 10);
  else await until(`${what}: the service to answer again`, readable, 60000, 20);
}

// What is left of the two lists. Each record of them is whole, or gone with what finds it.
async function whole(list, what) {
  const stays = new Map((await all('stay')).map((r) => [r.id, r])), bills = await all('bill');
  for (const [i, one] of list.stay.entries()) {
    const r = stays.get(one.id);
    if (r) assert.deepEqual(r.fields, one.fields, what);
    if (i % 400 !== 0) continue;
    const hits = await find('stay', one.fields.mail), got = await ask('GET', `stay/${one.id}`);
    assert.ok(got.status === 200 || got.status === 410, `${what}: ${got.status} ${got.text}`);
    assert.ok(stays.has(one.id) || got.status === 410, `${what}: it came back`);
    assert.ok(hits <= (r ? 1 : 0), `${what}: ${hits} found of ${one.id}`);       // it may go between the looks
  }
  assert.equal(bills.length, BILLS, `${what}: a bill stays for its years`);
  for (const b of bills) {
    assert.match(b.fields.room, /^Room \d+$/, what);
    assert.equal(b.fields.mail === null, b.fields.buyer === null, `${what}: half a part of ${b.id}`);
  }
  return [...list.stay.filter((one) => stays.has(one.id)), ...bills.filter((b) => b.fields.buyer !== null)];
}

async function certified() {
  const sum = {}, numbers = [];
  for (const line of (await sejf.runAsync(['certificate', 'list', '--tenant', String(tenant), '--json'])).stdout.trim().split('\n')) {
    const c = line && JSON.parse(line);
    if (!c || !c.number) continue;
    numbers.push(c.number);
    for (const [k, n] of Object.entries(c.counts)) sum[k] = (sum[k] || 0) + n;
  }
  return { sum, numbers };
}

test('killed again and again while it erases what is due and renews the keys', { timeout: 600000 }, async (t) => {
  const came = { slept: 0, missed: 0 };                     // a slow machine may erase some before they are listed: they count all the same
  const come = async (n) => {
    const some = Array.from({ length: n }, (_, i) => stay(came.slept + came.missed + i));
    await put('stay', some);
    for (const one of some) came[one.status]++;
  };
  for (let i = 0; i < STAYS; i += 2000) await come(2000);
  await put('bill', Array.from({ length: BILLS }, (_, i) => bill(i)));
  const mine = (r) => /^stay\./.test(r.fields.mail), list = { stay: (await all('stay')).filter(mine), bill: await all('bill') };
  everything = [...list.stay, ...list.bill];
  await sejf.stop('SIGKILL');
  for (const d of ['store', 'keeper']) execFileSync('cp', ['-a', path.join(sejf.data, d), thing(d)]);
  await sejf.start();
  // Others write meanwhile: the walk goes in short batches, and what they were told stands.
  const live = [];
  let stop = false;
  const writer = (async () => {
    for (let i = 0; !stop; i++) {
      const mail = `live.${i}@people.example`;
      const r = await ask('POST', 'stay', { body: { fields: { ...stay(0), ended: ago(1), mail } }, timeout: 20000 }).catch(() => null);
      if (r && r.status === 201) live.push({ id: r.json.id, mail });
      await sleep(r ? 3 : 30);
    }
  })();
  const victims = [['server'], ['keeper'], ['server', 'keeper'], ['parent'], ['server'], ['keeper', 'server'], ['parent'], ['server'], ['keeper']], counts = [];
  let left = everything;
  for (const [round, which] of victims.entries()) {
    const what = `round ${round}, ${which}`;
    if (left.length < 200) {                                // more of it; the walk begins with the next start
      const had = new Set(list.stay.map((r) => r.id));
      await come(MORE);
      left = (await all('stay')).filter((r) => mine(r) && !had.has(r.id));
      list.stay.push(...left);
      await strike(['server'], `${what}, to begin`, round < 5);
    }
    if (round < 5 && left.length > 0) await seen(left[0]);                     // as soon as the walk is seen at work
    const renewing = round % 2 ? sejf.runAsync(['renew']).catch(() => {}) : null;
    await sleep(round < 5 ? [0, 10, 0, 20, 5][round] : Math.random() * 700);
    await strike(which, what);
    await renewing;
    left = await whole(list, what);
    counts.push(left.length);
  }
  stop = true;
  await writer;
  t.diagnostic(`left after each kill: ${counts.join(' ')} of ${came.slept + came.missed + BILLS}`);
  await until('all that is due to go', async () => (await whole(list, 'after the kills')).length === 0, 120000, 500);
  for (const one of live) {
    const r = await ask('GET', `stay/${one.id}`);
    assert.equal(r.status, 200, r.text);
    assert.equal(r.json.fields.mail, one.mail);
  }
  const gone = { stay: came.slept + came.missed, 'bill: buyer, mail': BILLS };
  const rest = (await sejf.call('GET', `/v1/tenants/${tenant}/remainders?kind=stay`, { token })).json.items;
  assert.deepEqual(rest.map((r) => r.counts), [came]);
  const text = (await sejf.runAsync(['ledger', 'show', '--chain', String(tenant)])).stdout;
  const told = {};
  for (const l of text.split('\n').filter((x) => x.includes('"parts_erased"')))
    for (const [k, n] of Object.entries(JSON.parse(l).entry.what.erased)) told[k] = (told[k] || 0) + n;
  assert.deepEqual(told, gone, 'the ledger tells of what went');
  const { sum, numbers } = await until('certificates of all', async () => {       // keys that a kill left doomed go with the upkeep
    assert.equal((await sejf.runAsync(['renew'])).status, 0);
    const c = await certified();
    return c.sum.stay >= gone.stay && c.sum['bill: buyer, mail'] >= BILLS && c;
  }, 90000, 1000);
  assert.deepEqual(sum, gone, 'certified is what went');
  assert.deepEqual(numbers, numbers.map((_, i) => numbers.length - i));
  const v = await sejf.runAsync(['ledger', 'verify']);
  assert.equal(v.status, 0, v.stdout + v.stderr);
});

test('what was copied that evening opens nothing in the morning', { timeout: 120000 }, async () => {
  await sejf.stop();
  const there = async (name, dirs) => {
    const data = thing(name);
    execFileSync('cp', ['-a', sejf.data, data]);
    for (const d of dirs) {
      for (const f of fs.readdirSync(path.join(data, d))) if (/\.db(-wal|-shm)?$/.test(f)) fs.rmSync(path.join(data, d, f));
      for (const f of fs.readdirSync(thing(d))) if (/\.db(-wal|-shm)?$/.test(f)) execFileSync('cp', ['-a', path.join(thing(d), f), path.join(data, d, f)]);
    }
    const other = new Instance({ charters: sejf.charters, data });
    other.port = sejf.port;
    return other;
  };
  const both = await there('both', ['store', 'keeper']);
  await assert.rejects(both.start(), /epoch|keyring|root key/);
  await both.stop();
  const records = await there('records', ['store']);       // its rows name keys that are no more
  await records.start();
  for (const one of everything.filter((r, i) => r.fields.mail && i % 1500 === 0 || r.fields.room === 'Room 7')) {
    const r = await records.call('GET', `/v1/nights/${one.fields.room ? 'bill' : 'stay'}/${one.id}`, { token });
    assert.ok(!r.text.includes('Zawilska') && !r.text.includes(one.fields.mail ?? 'people.example'), r.text);
  }
  await records.stop();
});
