// A registration from its first day to its last, with time moved from outside: day 165 nothing, day 166 the notice, day 180 gone, and then
// nothing that a thief kept opens any more, with the root key of today. What the law keeps stays.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, grep, until } from './lib.mjs';
import { Visitor } from './people.mjs';
import { Sink } from './sink.mjs';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const DAY = 86400, NAME = 'Zofia Szafirowa', EMAIL = 'zofia.szafirowa@people.example';
// Day 0 is the noon that was last, so that no daily run stands between the event's end and now.
const noon = new Date();
noon.setUTCHours(12, 0, 0, 0);
if (noon > new Date()) noon.setUTCDate(noon.getUTCDate() - 1);
const shift = Math.round((noon - Date.now()) / 1000);
const at = (days, seconds = 0) => `${shift + days * DAY + seconds >= 0 ? '+' : ''}${shift + days * DAY + seconds}`;
const instant = (days, seconds = 0) => new Date(noon.getTime() + (days * DAY + seconds) * 1000);
const env = { LD_PRELOAD: library, FAKETIME: at(0), FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };
const sejf = new Instance({ charters: ['events'], env });
const kept = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-kept-'));
let sink, tenant, token, event, guest, invoice;

before(async () => {
  assert.ok(library, 'libfaketime is installed');
  fs.chmodSync(kept, 0o755);                  // each process has a user of its own
  sink = await Sink.start();
  await sejf.init();
  sink.install(sejf);
  await sejf.start();
});
after(async () => { await sejf.remove(); await sink.stop(); fs.rmSync(kept, { recursive: true, force: true }); });

const must = async (status, method, target, body) => {
  const r = await sejf.call(method, target, { token, body });
  assert.equal(r.status, status, `${method} ${target}: ${r.status} ${r.text}`);
  return r.json;
};
const command = (...args) => {
  const r = sejf.run(args);
  assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}${r.stdout}`);
  return r.stdout;
};
async function on(days, seconds = 0) {
  await sejf.stop();
  sejf.env.FAKETIME = at(days, seconds);
  await sejf.start();
  command('clock', 'confirm');                // it was off for longer than a day
}
// What a thief of the disk takes who comes by: the databases, not the root key and not the file of the epoch key.
async function copy(name) {
  await sejf.stop();
  fs.mkdirSync(path.join(kept, name));
  for (const dir of ['store', 'keeper']) execFileSync('cp', ['-a', path.join(sejf.data, dir), path.join(kept, name, dir)]);
  await sejf.start();
}
// An installation of today into which these databases are put back.
async function thief(name, epochToo) {
  const data = path.join(kept, `${name}-there`);
  fs.rmSync(data, { recursive: true, force: true });
  execFileSync('cp', ['-a', sejf.data, data]);
  for (const dir of ['store', 'keeper'])
    for (const file of fs.readdirSync(path.join(data, dir))) if (/\.db(-wal|-shm)?$/.test(file)) fs.rmSync(path.join(data, dir, file));
  for (const dir of ['store', 'keeper'])
    for (const file of fs.readdirSync(path.join(kept, name, dir)))
      if (/\.db(-wal|-shm)?$/.test(file) || (epochToo && file === 'epoch')) execFileSync('cp', ['-a', path.join(kept, name, dir, file), path.join(data, dir, file)]);
  const other = new Instance({ charters: ['events'], data, env: { ...sejf.env } });
  other.port = sejf.port;
  return other;
}

test('day 0: a participant, an invoice, and a due date that is said', async () => {
  tenant = sejf.tenant('events', 'Gdynia Talks');
  token = sejf.token('events', tenant, 'organiser', '--expires', 'never');
  await new Visitor(sejf).accept(JSON.parse(command('user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--email', 'ola@organiser.example', '--name', 'Ola', '--lang', 'pl', '--json')).link, { passkey: true });
  event = (await must(201, 'POST', '/v1/events/event', { fields: { title: 'Wieczór portowy', starts: instant(0, 1800), ends: instant(0, 3600) } })).id;
  guest = await must(201, 'POST', '/v1/events/registration', { fields: { event, name: NAME, email: EMAIL } });
  assert.equal(Math.round(Date.parse(guest.due) / 1000), Math.round(instant(180, 3600) / 1000) + offset(guest.due));
  invoice = await must(201, 'POST', '/v1/events/invoice', { fields: { event, issued: instant(0).toISOString().slice(0, 10), buyer: NAME, total: { amount: '123.00', currency: 'PLN' } } });
});
// A day is a day of the wall clock: where daylight saving has changed, the instant moves against UTC.
function offset(due) {
  const hours = (d) => Number(new Intl.DateTimeFormat('en', { timeZone: 'Europe/Warsaw', hour: 'numeric', hourCycle: 'h23' }).format(d)) - d.getUTCHours();
  const before = (hours(instant(0, 3600)) + 24) % 24, then = (hours(new Date(due)) + 24) % 24;
  return (before - then) * 3600;
}

test('day 150: somebody copies the databases', { timeout: 120000 }, async () => {
  await on(150);
  await copy('day150');
  assert.equal((await must(200, 'GET', `/v1/events/registration/${guest.id}`)).fields.name, NAME);
});

test('day 165: nothing is said yet, and nothing goes', { timeout: 120000 }, async () => {
  await on(165);
  command('notice', 'run', '--tenant', String(tenant));
  assert.equal(sink.letters.length, 0);
  assert.equal((await must(200, 'GET', `/v1/tenants/${tenant}/notices`)).items.length, 0);
});

test('day 166: the notice, once, without a name', { timeout: 180000 }, async () => {
  await on(166);
  await until('the notice', () => sink.letters.length > 0, 90000, 300);
  const letter = sink.letters[0].read(), all = sink.letters[0].raw.toString('utf8') + letter.text;
  assert.deepEqual(sink.letters[0].to, ['ola@organiser.example']);
  assert.match(letter.text, /Wieczór portowy/);
  assert.ok(letter.text.includes(`/account/due/${tenant}`), letter.text);
  assert.ok(!all.includes('Szafirow') && !all.includes(EMAIL));
  await until('its result', async () => (await must(200, 'GET', `/v1/tenants/${tenant}/notices`)).items[0]?.state === 'delivered', 60000, 300);
  command('notice', 'run', '--tenant', String(tenant));
  await on(167);
  command('notice', 'run', '--tenant', String(tenant));
  assert.equal(sink.letters.length, 1);
});

test('day 179: it is still there, and a second thief comes by', { timeout: 180000 }, async () => {
  await on(179);
  await copy('day179');
  assert.equal((await must(200, 'GET', `/v1/events/registration/${guest.id}`)).fields.email, EMAIL);
  await sejf.stop();
  const other = await thief('day179', true);    // with the epoch key of that day it would open: so what follows is the renewal's doing
  await other.start();
  const r = await other.call('GET', `/v1/events/registration/${guest.id}`, { token });
  assert.equal(r.json.fields.name, NAME);
  await other.stop();
  await sejf.start();
});

test('day 180: gone, with a certificate that stands by itself; the invoice stays', { timeout: 240000 }, async () => {
  await on(180, 2 * 3600 + 3600);
  await until('the erasure', async () => [404, 410].includes((await sejf.call('GET', `/v1/events/registration/${guest.id}`, { token })).status), 120000, 500)
    .catch((e) => { throw new Error(`${e.message}\n${command('due', 'events')}\n${command('clock', 'show')}\n${sejf.output.slice(-3000)}`); });
  const found = await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { email: EMAIL } } });
  assert.equal(found.json.items.length, 0);
  assert.equal((await must(200, 'GET', `/v1/events/invoice/${invoice.id}`)).fields.buyer, NAME);
  assert.equal((await must(200, 'GET', `/v1/events/event/${event}`)).fields.title, 'Wieczór portowy');
  command('renew');
  const list = command('certificate', 'list', '--tenant', String(tenant), '--json').trim().split('\n').map((l) => JSON.parse(l)).filter((c) => c.number);
  assert.ok(list.length >= 1);
  const text = command('certificate', 'show', String(list[0].number), '--tenant', String(tenant)), file = path.join(kept, 'certificate.json');
  fs.writeFileSync(file, text);
  assert.ok(!text.includes('Szafirow'));
  const alone = new Instance({ data: path.join(kept, 'nothing') });
  const good = alone.run(['certificate', 'verify', file]);
  assert.equal(good.status, 0, good.stderr + good.stdout);
  fs.writeFileSync(file, text.replace(/"registration": ?1/, '"registration":2'));
  assert.notEqual(alone.run(['certificate', 'verify', file]).status, 0);
  assert.equal(sink.letters.length, 1);
});

for (const name of ['day150', 'day179'])
  test(`what was copied on ${name} opens nothing, with the root key of today`, { timeout: 120000 }, async () => {
    await sejf.stop();
    const other = await thief(name, false);
    await assert.rejects(other.start(), /epoch|keyring|root key/);
    await other.stop();
    assert.deepEqual(grep(path.join(kept, name), 'Szafirow'), []);
    await sejf.start();
  });
