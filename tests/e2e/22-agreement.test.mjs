// no personal data comes in before the tenant's agreement is active, by whatever door, and everything that is there stays in reach.
// A tenant that held records before agreements were asked for goes on, and the promise shows as broken until its own is recorded.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, root } from './lib.mjs';

const sejf = new Instance({ charters: ['events'] });
const original = fs.readFileSync(path.join(root, 'charters/events.yaml'), 'utf8');
const charter = () => path.join(sejf.data, 'charters', 'events.yaml');
const starts = { starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' };
let tenant, token, event, scan;

const run = (...args) => {
  const r = sejf.run(args);
  assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}${r.stdout}`);
  return r.stdout;
};
const refused = (r) => {
  assert.equal(r.status, 403, r.text);
  assert.match(r.json.detail, /agreement/);
  assert.match(r.json.detail, new RegExp(`sejf tenant agreement events ${tenant} --signed`));
};
const register = (i) => sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event, ...person(i) } } });
const state = () => JSON.parse(run('tenant', 'show', String(tenant), '--json')).agreement;
const form = (lang) => sejf.call('GET', `/f/events/register/${event}?lang=${lang}`);

before(async () => {
  await sejf.start();
  tenant = JSON.parse(run('tenant', 'new', 'events', 'Fundacja Zegar', '--json')).tenant;
  token = sejf.token('events', tenant, 'organiser');
  scan = path.join(sejf.data, 'scan.pdf');
  fs.writeFileSync(scan, 'invented bytes of a signed scan');
});
after(() => sejf.remove());

test('before the agreement nothing personal comes in', async () => {
  const made = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Bieg', ...starts } } });
  assert.equal(made.status, 201, made.text);                 // nothing personal: a tenant may get ready
  event = made.json.id;
  refused(await register(1));
  refused(await sejf.call('POST', '/v1/events/registration/import', { token, type: 'application/x-ndjson', body: JSON.stringify({ event, ...person(1) }) }));
  const file = path.join(sejf.data, 'people.ndjson');
  fs.writeFileSync(file, `${JSON.stringify({ event, ...person(1) })}\n`);
  const imported = sejf.run(['import', 'events', 'registration', file, '--tenant', String(tenant)]);
  assert.notEqual(imported.status, 0);
  assert.match(imported.stderr, /agreement/);
  assert.deepEqual((await sejf.call('GET', '/v1/events/registration', { token })).json.items, []);
  assert.equal(state().state, 'missing');
  assert.match(run('tenant', 'list'), /missing +Fundacja Zegar/);
});

test('a public form says so in three languages, before anything is typed', async () => {
  for (const [lang, text] of [['en', /not open yet/], ['pl', /nie jest jeszcze otwarty/], ['hu', /még nincs megnyitva/]]) {
    const page = await form(lang);
    assert.equal(page.status, 403);
    assert.match(page.text, text);
    assert.match(page.text, /privacy@seats\.example/);
    assert.ok(!page.text.includes('name="email"'), 'no field stands on it');
    const sent = await sejf.call('POST', `/f/events/register/${event}?lang=${lang}`, { type: 'application/x-www-form-urlencoded', body: 'name=Anna' });
    assert.equal(sent.status, 403);
    assert.match(sent.text, text);
  }
});

test('what is no agreement is refused, and says why', () => {
  for (const [args, why] of [
    [['--signed', '2999-01-01'], /future/], [['--signed', 'today'], /such as 2026-11-22/], [['--signed', '2026-01-05', '--until', '2026-01-06'], /over already/],
    [['--signed', '2026-01-05', '--end'], /one of them/], [['--until', '2027-01-01'], /--signed/], [['--end'], /no agreement that is active/],
    [['--signed', '2026-01-05', '--file', '/nowhere/scan.pdf'], /cannot read/],
  ]) {
    const r = sejf.run(['tenant', 'agreement', 'events', String(tenant), ...args]);
    assert.notEqual(r.status, 0, args.join(' '));
    assert.match(r.stderr, why);
  }
  const r = sejf.run(['tenant', 'new', 'events', 'Never made', '--agreement', '2999-01-01']);
  assert.notEqual(r.status, 0);
  assert.ok(!run('tenant', 'list').includes('Never made'));
});

test('with it data comes in at once, and when it ends what is there stays in reach', async () => {
  run('tenant', 'agreement', 'events', String(tenant), '--signed', '2026-01-05', '--until', '2999-12-31', '--file', scan);
  const told = state();
  assert.equal(told.state, 'active');
  assert.deepEqual({ ...told.items[0], recorded: '' }, { number: 1, state: 'active', kind: 'paper', signed: '2026-01-05', from: '2026-01-05', until: '2999-12-31',
    sha256: crypto.createHash('sha256').update(fs.readFileSync(scan)).digest('hex'), by: 'operator', recorded: '' });
  const made = await register(1);
  assert.equal(made.status, 201, made.text);
  assert.match((await form('en')).text, /name="email"/);
  const record = `/v1/events/registration/${made.json.id}`;

  run('tenant', 'agreement', 'events', String(tenant), '--end');
  refused(await register(2));
  refused(await sejf.call('PATCH', record, { token, body: { fields: { name: 'Anna Bez' } } }));
  assert.equal((await form('en')).status, 403);
  const read = await sejf.call('GET', record, { token });
  assert.equal(read.status, 200);
  assert.equal(read.json.fields.name, person(1).name);
  assert.equal((await sejf.call('PATCH', record, { token, body: { fields: { status: 'cancelled' } } })).status, 200);
  assert.equal((await sejf.call('DELETE', record, { token })).status, 200);
  assert.equal(state().state, 'ended');

  run('tenant', 'agreement', 'events', String(tenant), '--signed', '2026-02-01');
  assert.equal((await register(3)).status, 201);
  const entries = run('ledger', 'show', '--chain', String(tenant)).trim().split('\n').map((line) => JSON.parse(line).entry.do).filter((verb) => verb.startsWith('agreement'));
  assert.deepEqual(entries, ['agreement_active', 'agreement_ended', 'agreement_active']);
});

test('the probe tries it, and finds it kept', () => {
  const out = run('prove', 'events', '--rule', 'agreement_first');
  assert.match(out, /kept +agreement: needed before any personal data/);
});

test('who held records before agreements were asked for goes on, and the promise is broken until it is recorded', async () => {
  await sejf.stop();
  const asks = original.replace('updated: 2026-11-22', 'updated: 2026-11-24');
  fs.writeFileSync(charter(), original.replace(/^agreement: .*\n/m, '').replace('updated: 2026-11-22', 'updated: 2026-11-23'));
  await sejf.start();
  const old = JSON.parse(run('tenant', 'new', 'events', 'Held before', '--json')).tenant, empty = JSON.parse(run('tenant', 'new', 'events', 'Empty', '--json')).tenant;
  const boss = sejf.token('events', old, 'organiser'), nobody = sejf.token('events', empty, 'organiser');
  const there = (await sejf.call('POST', '/v1/events/event', { token: boss, body: { fields: { title: 'Koncert', ...starts } } })).json.id;
  const put = (by, id, i) => sejf.call('POST', '/v1/events/registration', { token: by, body: { fields: { event: id, ...person(i) } } });
  assert.equal((await put(boss, there, 1)).status, 201);
  await sejf.stop();
  fs.writeFileSync(charter(), asks);
  await sejf.start();
  assert.equal((await put(boss, there, 2)).status, 201);
  const new_event = (await sejf.call('POST', '/v1/events/event', { token: nobody, body: { fields: { title: 'Pusto', ...starts } } })).json.id;
  assert.equal((await put(nobody, new_event, 2)).status, 403);
  assert.match(run('tenant', 'list'), /not recorded +Held before/);
  const doctor = sejf.run(['doctor']).stdout;
  assert.match(doctor, new RegExp(`tenant ${old} of events takes personal data, and no agreement with it is recorded`));
  assert.match(doctor, /1 tenant has no agreement in force/);
  const log = fs.readdirSync(path.join(sejf.data, 'log')).map((f) => fs.readFileSync(path.join(sejf.data, 'log', f), 'utf8')).join('') + sejf.output;
  assert.match(log, /agreements_missing/);
  assert.ok(!log.includes('Held before'), 'the log names numbers, not names');
  const broken = sejf.run(['prove', 'events', '--rule', 'agreement_first']);
  assert.equal(broken.status, 1, broken.stdout);
  assert.match(broken.stdout, /BROKEN +agreement: needed/);
  run('tenant', 'agreement', 'events', String(old), '--signed', '2026-03-01');
  assert.match(run('prove', 'events', '--rule', 'agreement_first'), /kept +agreement: needed before any personal data/);
});
