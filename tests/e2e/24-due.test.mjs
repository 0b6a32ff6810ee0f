// What goes, when and why, before it goes: by day and kind with counts, record by record, and under a charter that is not in force yet.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, root } from './lib.mjs';

let sejf, tenant, owner, door, event;
const V1 = '/v1/events';
const due = (query = '', token = owner) => sejf.call('GET', `/v1/tenants/${tenant}/due${query}`, { token });

before(async () => {
  sejf = await new Instance({ charters: ['events', 'courier'] }).start();
  tenant = sejf.tenant('events', 'Seaside');
  owner = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  const made = await sejf.call('POST', `${V1}/event`, { token: owner, body: { fields: { title: 'Ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' } } });
  assert.equal(made.status, 201, made.text);
  event = made.json.id;
  for (let i = 0; i < 3; i++) {
    const r = await sejf.call('POST', `${V1}/registration`, { token: owner, body: { fields: { event, ...person(i) } } });
    assert.equal(r.status, 201, r.text);
  }
}, { timeout: 120000 });
after(() => sejf && sejf.remove());

test('counts by day and kind, with the rule as written', { timeout: 60000 }, async () => {
  assert.deepEqual((await due()).json.items, [], 'nothing within 90 days');
  const r = await due('?until=2030-12-31');
  assert.equal(r.status, 200, r.text);
  const item = r.json.items.find((i) => i.kind === 'registration');
  assert.deepEqual([item.day, item.count, item.held], ['2030-10-29', 3, 0]);        // 23:00 in Warsaw: the clock changes before
  assert.match(item.rule, /^180 days after event\.ends, then erase/);
  assert.ok(item.fields.includes('email'));
  assert.ok(!r.text.includes('people.example') && !r.text.includes('Anna'), 'no values');
});

test('record by record, page by page', { timeout: 60000 }, async () => {
  const ids = [];
  for (let cursor = ''; cursor !== null;) {
    const r = await due(`?until=2030-12-31&records=true&limit=2${cursor && `&cursor=${cursor}`}`);
    assert.equal(r.status, 200, r.text);
    ids.push(...r.json.items.map((i) => i.id));
    cursor = r.json.next;
  }
  assert.equal(new Set(ids).size, 3);
});

test('for the tenant alone', { timeout: 60000 }, async () => {
  assert.equal((await due('', door)).status, 403);
  assert.equal((await due('?until=soon')).status, 422);
  assert.equal((await due('?records=true&cursor=x')).status, 400);
});

test('a changed charter is tried and touches nothing', { timeout: 60000 }, async () => {
  const text = fs.readFileSync(path.join(root, 'charters/events.yaml'), 'utf8'), file = path.join(sejf.data, 'newer.yaml');
  const newer = text.replace('180 days after event.ends', '90 days after event.ends');
  assert.notEqual(newer, text);
  fs.writeFileSync(file, newer);
  const r = sejf.run(['due', '--charter', file, '--until', '2030-12-31', '--json']);
  assert.equal(r.status, 0, r.stderr);
  const lines = r.stdout.trim().split('\n').map((l) => JSON.parse(l));
  const change = lines.find((l) => l.line === 'change' && l.kind === 'registration');
  assert.deepEqual([change.earlier, change.later, change.at_once], [3, 0, 0]);
  assert.equal(lines.find((l) => l.line === 'due' && l.kind === 'registration').day, '2030-07-31');
  assert.equal((await due('?until=2030-12-31')).json.items.find((i) => i.kind === 'registration').day, '2030-10-29');
  assert.match(sejf.run(['due', '--charter', file]).stdout, /3 go earlier/);
  assert.notEqual(sejf.run(['due', '--charter', path.join(sejf.data, 'none.yaml')]).status, 0);
});

test('the command line says it for people', { timeout: 60000 }, async () => {
  const r = sejf.run(['due', 'events', '--until', '2030-12-31']);
  assert.equal(r.status, 0, r.stderr);
  assert.match(r.stdout, /^2030-10-29 {2}tenant \d+ {2}registration +3 {2}180 days after event\.ends, then erase/m);
  assert.match(r.stdout, /3 records\n$/);
  assert.match(sejf.run(['due', '--tenant', String(tenant), '--until', '2030-12-31', '--records']).stdout, /registration\/[0-9a-f-]{36}\n/);
});

test('a record of several parts says when each goes, and what a law keeps', { timeout: 60000 }, async () => {
  const company = sejf.tenant('courier', 'Futár'), token = sejf.token('courier', company, 'company');
  const fields = { name: 'Kovács Éva', phone: '+36 30 123 4567', address: 'Fő utca 1, Szeged', price: { amount: '1990', currency: 'HUF' }, delivered: '2026-11-01T10:00:00Z' };
  const made = await sejf.call('POST', '/v1/courier/parcel', { token, body: { fields } });
  assert.equal(made.status, 201, made.text);
  const r = await sejf.call('GET', `/v1/courier/parcel/${made.json.id}`, { token });
  const books = r.json.dues.find((d) => d.fields.includes('price')), contact = r.json.dues.find((d) => d.fields.includes('name'));
  assert.deepEqual([books.due, books.held, books.law], ['2034-12-31T23:00:00Z', 'law', '2000. évi C. törvény 169. §']);
  assert.deepEqual([contact.due, contact.held, contact.why], ['2027-01-30T10:00:00Z', undefined, '90 days after delivered, then erase']);
  await sejf.call('POST', `/v1/tenants/${company}/holds`, { token, body: { record: `parcel/${made.json.id}`, why: 'Kártérítési igény', fields: ['name'] } });
  const held = await sejf.call('GET', `/v1/courier/parcel/${made.json.id}`, { token });
  assert.equal(held.json.dues.find((d) => d.fields.includes('name')).held, 'person');
});

test('the public page adds the copies to the rule', { timeout: 60000 }, async () => {
  const words = { en: /180 days \+ 14 days, 194 days in all/, pl: /180 dni \+ 14 dni, łącznie 194 dni/, hu: /180 nap \+ 14 nap, összesen 194 nap/ };
  for (const [lang, expected] of Object.entries(words)) assert.match((await sejf.call('GET', `/s/events?lang=${lang}`)).text, expected);
});
