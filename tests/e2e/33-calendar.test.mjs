// Time moved from outside over what calendars and clocks have in store: the night of 31 December, ten days without the server while daylight saving
// begins, and a clock that is a year ahead at one start and right again at the next. Nothing goes a day too early, and what is due goes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, until } from './lib.mjs';
import { Visitor, invited } from './people.mjs';
import { Sink } from './sink.mjs';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const WAIT = 90000;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-calendar-'));
fs.chmodSync(dir, 0o755);
fs.writeFileSync(path.join(dir, 'calendar.yaml'), `charter: calendar
title: {en: Calendar}
updated: 2026-11-22
clock: Europe/Warsaw
speaks: [en]
operator:
  name: Calendar, Gdynia
  contact: privacy@calendar.example
  authority: UODO
people:
  owner: who keeps a house here
  guest: who sleeps in it
tenant: owner
records:
  bill:
    we_are: processor for the owner
    about: guest
    because: contract with the guest
    used_for: [keeping books]
    belongs_to: owner
    holds:
      issued: date
      buyer: personal text
    keep: 5 years after end of year of issued, then erase
  stay:
    we_are: processor for the owner
    about: guest
    because: contract with the guest
    used_for: [keeping a house]
    belongs_to: owner
    holds:
      ended: time, sorted
      name: personal text
    keep: 90 days after ended, then erase
    warn: owner by email 14 days before
who_sees:
  owner: everything of own stay, everything of own bill
sign_in:
  owner: password of 12 characters and a second step
`);
const env = { LD_PRELOAD: library, FAKETIME: '+0', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };
const sejf = new Instance({ charters: [path.join(dir, 'calendar.yaml')], env });
let sink, tenant, token;

const set = (instant) => { const s = Math.round((Date.parse(instant) - Date.now()) / 1000); sejf.env.FAKETIME = `${s >= 0 ? '+' : ''}${s}`; };
const trust = () => { sejf.agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false }); };   // its certificate is of the moved time
async function on(instant) {
  await sejf.stop();
  set(instant);
  trust();
  await sejf.start();
}
// A walk along what is due begins with each start, so none of these tests waits for the next one.
async function confirmed(instant, soon) {
  await on(instant);
  assert.equal(held(), true, instant);
  command('clock', 'confirm');
  await on(soon);
  assert.equal(held(), false, 'what was confirmed stays so');
}
const command = (...args) => {
  const r = sejf.run(args);
  assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}${r.stdout}`);
  return r.stdout;
};
const held = () => JSON.parse(command('clock', 'show', '--json')).held;
const make = async (kind, fields) => {
  const r = await sejf.call('POST', `/v1/calendar/${kind}`, { token, body: { fields } });
  assert.equal(r.status, 201, r.text);
  return r.json;
};
const at = async (kind, one) => (await sejf.call('GET', `/v1/calendar/${kind}/${one.id}`, { token }));
const gone = (kind, one) => until(`${kind} ${one.due} to go`, async () => (await at(kind, one)).status === 410, WAIT, 300)
  .catch((e) => { throw new Error(`${e.message}\n${command('clock', 'show')}\n${sejf.output.slice(-1500)}`); });
const there = async (kind, one, name) => {
  const r = await at(kind, one);
  assert.equal(r.status, 200, r.text);
  assert.equal(r.json.fields.name ?? r.json.fields.buyer, name);
  assert.equal(r.json.due, one.due);
};

before(async () => {
  assert.ok(library, 'libfaketime is installed');
  set('2031-12-31T22:40:00Z');
  sink = await Sink.start();
  await sejf.init();
  sink.install(sejf);
  trust();
  await sejf.start();
  tenant = sejf.tenant('calendar', 'Gdynia');
  token = sejf.token('calendar', tenant, 'owner', '--expires', 'never');
  await new Visitor(sejf).accept(invited(sejf, ['user', 'invite', 'calendar', '--tenant', String(tenant), '--role', 'owner', '--name', 'Ewa Nowak', '--lang', 'en', '--email', '-'], 'ewa@owner.example').link, { passkey: true });
}, { timeout: 120000 });
after(async () => { await sejf.remove(); await sink.stop(); fs.rmSync(dir, { recursive: true, force: true }); });

test('the night of 31 December is that of the service\'s clock', { timeout: 240000 }, async () => {
  const last = await make('bill', { issued: '2025-12-31', buyer: 'Anna Zawilska' });
  const now = await make('bill', { issued: '2026-05-05', buyer: 'Anna Zawilska' });
  const day = await make('bill', { issued: '2026-12-31', buyer: 'Anna Zawilska' });
  const next = await make('bill', { issued: '2027-01-01', buyer: 'Anna Zawilska' });
  assert.deepEqual([last, now, day, next].map((b) => b.due), ['2030-12-31T23:00:00Z', '2031-12-31T23:00:00Z', '2031-12-31T23:00:00Z', '2032-12-31T23:00:00Z']);
  await on('2031-12-31T22:50:00Z');
  await gone('bill', last);                                 // so the walk was there, ten minutes before midnight
  for (const b of [now, day, next]) await there('bill', b, 'Anna Zawilska');
  await on('2031-12-31T23:00:20Z');
  assert.equal(held(), false, 'ten minutes are no leap');
  await gone('bill', now);
  await gone('bill', day);
  await there('bill', next, 'Anna Zawilska');
});

test('ten days without the server, over the night on which daylight saving begins', { timeout: 240000 }, async () => {
  await confirmed('2032-03-20T09:00:00Z', '2032-03-20T09:01:00Z');      // 16 days before
  const stay = await make('stay', { ended: '2032-01-06T11:00:00Z', name: 'Anna Zawilska' });
  assert.equal(stay.due, '2032-04-05T10:00:00Z', 'noon of the wall clock stays noon');
  command('notice', 'run', '--tenant', String(tenant));
  assert.equal(sink.letters.length, 0);
  await on('2032-03-30T09:00:00Z');
  assert.equal(held(), true, 'ten days without a sign');
  await until('the notice to be made up for', () => sink.letters.length === 1, WAIT, 300);
  assert.match(sink.letters[0].read().text, /5 April 2032|2032-04-05/);
  command('clock', 'confirm');
  await on('2032-03-31T06:30:00Z');                         // past the next run: nothing is told of twice
  command('notice', 'run', '--tenant', String(tenant));
  await there('stay', stay, 'Anna Zawilska');
  const over = await make('bill', { issued: '2020-01-01', buyer: 'Anna Zawilska' });
  await confirmed('2032-04-05T09:50:00Z', '2032-04-05T09:52:00Z');
  await gone('bill', over);
  await there('stay', stay, 'Anna Zawilska');
  await on('2032-04-05T10:00:10Z');
  await gone('stay', stay);
  assert.equal(sink.letters.length, 1);
});

test('a clock that is a year ahead at one start and right again at the next', { timeout: 240000 }, async () => {
  const stay = await make('stay', { ended: '2032-04-01T11:00:00Z', name: 'Jan Kowalski' });
  const bill = await make('bill', { issued: '2028-02-29', buyer: 'Jan Kowalski' });
  await on('2033-04-05T11:00:00Z');
  assert.equal(held(), true);
  const ahead = await make('stay', { ended: '2033-04-01T11:00:00Z', name: 'Ewa Lis' });
  const over = await make('bill', { issued: '2020-01-01', buyer: 'Anna Zawilska' });
  await on('2033-04-05T11:05:00Z');                         // and begins a walk
  await until('notices to be told of all the same', () => sink.letters.length === 2, WAIT, 300);
  for (const [kind, one, name] of [['stay', stay, 'Jan Kowalski'], ['stay', ahead, 'Ewa Lis'], ['bill', bill, 'Jan Kowalski'], ['bill', over, 'Anna Zawilska']]) await there(kind, one, name);
  await on('2032-04-05T12:00:00Z');
  assert.equal(held(), true, 'the store remembers');
  await there('stay', stay, 'Jan Kowalski');
  await there('bill', over, 'Anna Zawilska');
  command('clock', 'confirm');
  await on('2032-04-05T12:05:00Z');
  assert.equal(held(), false, 'what was confirmed stays so');
  await gone('bill', over);
  await there('stay', stay, 'Jan Kowalski');
  await there('stay', ahead, 'Ewa Lis');
  command('renew');
  const v = sejf.run(['ledger', 'verify']);
  assert.equal(v.status, 0, v.stdout + v.stderr);
  assert.equal(sink.letters.length, 2);
});
