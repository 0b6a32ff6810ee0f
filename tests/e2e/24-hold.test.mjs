// What stays although its time comes: a named person holds a record or some of its fields, by API and by command line; nobody else may, and
// the ground is seen by the tenant's own role alone.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, person, until } from './lib.mjs';

let sejf, tenant, other, owner, door, stranger, event, guest;
const V1 = '/v1/events', WHY = 'Reklamacja RK-77, do wyroku';
const holds = (method, path = '', body, token = owner, whose = tenant) => sejf.call(method, `/v1/tenants/${whose}/holds${path}`, { token, body });

before(async () => {
  sejf = await new Instance({ charters: ['events', 'courier'] }).start();
  tenant = sejf.tenant('events', 'Seaside');
  other = sejf.tenant('events', 'Mountains');
  owner = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  stranger = sejf.token('events', other, 'organiser');
  const made = await sejf.call('POST', `${V1}/event`, { token: owner, body: { fields: { title: 'Ball', starts: '2030-05-01T18:00:00Z', ends: '2030-05-01T22:00:00Z' } } });
  assert.equal(made.status, 201, made.text);
  event = made.json.id;
  const r = await sejf.call('POST', `${V1}/registration`, { token: owner, body: { fields: { event, ...person(1) } } });
  assert.equal(r.status, 201, r.text);
  guest = r.json.id;
}, { timeout: 120000 });
after(() => sejf && sejf.remove());

test('a hold names its ground, its fields and its end', { timeout: 60000 }, async () => {
  const made = await holds('POST', '', { record: `registration/${guest}`, why: WHY, until: '2031-12-31', fields: ['email'] });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual({ number: made.json.number, why: made.json.why, until: made.json.until, state: made.json.state }, { number: 1, why: WHY, until: '2031-12-31T23:00:00Z', state: 'holds' });
  assert.ok(made.json.fields.includes('email') && made.json.fields.includes('name'), 'with all that share the part');
  assert.match(made.json.by, /^token \d+$/);
  const list = await holds('GET', `?record=registration/${guest}`);
  assert.equal(list.json.items.length, 1);
  assert.equal((await holds('GET', `?record=event/${event}`)).json.items.length, 0);
});

test('nobody else sets, sees or lifts it', { timeout: 60000 }, async () => {
  const body = { record: `registration/${guest}`, why: WHY };
  assert.equal((await holds('POST', '', body, door)).status, 403);
  assert.equal((await holds('GET', '', undefined, door)).status, 403);
  assert.equal((await holds('POST', '/1/lift', {}, door)).status, 403);
  assert.equal((await holds('GET', '', undefined, stranger)).status, 404);
  assert.equal((await holds('POST', '', body, stranger, other)).status, 404, 'another tenant has no such record');
  assert.equal((await holds('POST', '/1/lift', {}, stranger, other)).status, 404);
});

test('what is wrong is named', { timeout: 60000 }, async () => {
  const record = `registration/${guest}`;
  for (const [body, status] of [[{ record }, 400], [{ record, why: '' }, 422], [{ record, why: WHY, until: '2020-01-01' }, 422], [{ record, why: WHY, until: 'soon' }, 422],
    [{ record, why: WHY, fields: ['shoe'] }, 422], [{ record, why: WHY, fields: [] }, 422], [{ record: 'shoe/1', why: WHY }, 400], [{ record, why: 'x'.repeat(501) }, 422], [{ record, why: WHY, more: 1 }, 400], [{ record, why: WHY, name: '' }, 422], [{ record, why: WHY, name: 7 }, 400], [{ record, why: WHY, name: 'x'.repeat(101) }, 422]]) {
    const r = await holds('POST', '', body);
    assert.equal(r.status, status, `${JSON.stringify(body).slice(0, 80)}: ${r.text}`);
    assert.ok(!r.text.includes(WHY));
  }
});

test('the command line holds, lists and lifts', { timeout: 60000 }, async () => {
  const set = sejf.run(['hold', 'set', `registration/${guest}`, '--tenant', String(tenant), '--why', 'Spór sądowy', '--as', 'Anna Nowak']);
  assert.equal(set.status, 0, set.stderr);
  assert.match(set.stdout, /2 {2}holds .*everything.*until it is lifted.*by sejf \(Anna Nowak\)/);
  const list = sejf.run(['hold', 'list', '--tenant', String(tenant), '--json']);
  assert.deepEqual(list.stdout.trim().split('\n').map((l) => JSON.parse(l)).filter((o) => o.number).map((o) => o.number), [2, 1]);
  const lifted = sejf.run(['hold', 'lift', '2', '--tenant', String(tenant), '--json']);
  assert.equal(lifted.status, 0, lifted.stderr);
  assert.deepEqual([JSON.parse(lifted.stdout).state, JSON.parse(lifted.stdout).why, JSON.parse(lifted.stdout).name], ['lifted', null, null]);
  const nobody = sejf.run(['hold', 'set', `registration/${guest}`, '--tenant', String(tenant), '--why', 'Spór sądowy']);
  assert.equal(nobody.status, 2);
  assert.match(nobody.stderr, /--as names the person/);
  assert.notEqual(sejf.run(['hold', 'lift', '2', '--tenant', String(tenant)]).status, 0);
});

test('the ledger tells of it without the ground', { timeout: 60000 }, async () => {
  const lifted = await holds('POST', '/1/lift', {});
  assert.equal(lifted.status, 200, lifted.text);
  const r = sejf.run(['ledger', 'export', '--chain', String(tenant)]);
  assert.equal(r.status, 0, r.stderr);
  assert.match(r.stdout, /hold_set/);
  assert.match(r.stdout, /hold_lifted/);
  assert.ok(!r.stdout.includes('RK-77') && !r.stdout.includes('Spór'));
});

test('what is held stays when its time is over, the rest goes, and lifting lets it go', { timeout: 240000 }, async () => {
  const company = sejf.tenant('courier', 'Futár'), token = sejf.token('courier', company, 'company');
  const fields = { name: 'Kovács Éva', phone: '+36301110003', address: 'Fő utca 1, Szeged', price: { amount: '1990', currency: 'HUF' } };
  const read = async (id) => (await sejf.call('GET', `/v1/courier/parcel/${id}`, { token })).json;
  const ids = [];
  for (let i = 0; i < 2; i++) ids.push((await sejf.call('POST', '/v1/courier/parcel', { token, body: { fields } })).json.id);
  const [kept, other] = ids;
  const set = await holds('POST', '', { record: `parcel/${kept}`, why: 'Kártérítési igény', fields: ['name'] }, token, company);
  assert.equal(set.status, 201, set.text);
  for (const id of ids) {                                     // both are overdue from now on
    const r = await sejf.call('PATCH', `/v1/courier/parcel/${id}`, { token, body: { fields: { delivered: new Date(Date.now() - 200 * 86400e3).toISOString() } } });
    assert.equal(r.status, 200, r.text);
  }
  await until('the other to lose its name', async () => (await read(other)).erased?.includes('name'), 120000, 500);
  const stays = await read(kept);
  assert.equal(stays.fields.name, 'Kovács Éva');
  assert.equal(stays.dues.find((d) => d.fields.includes('name')).held, 'person');
  const erased = await sejf.call('DELETE', `/v1/courier/parcel/${kept}`, { token });
  assert.equal(erased.status, 200, erased.text);
  assert.equal((await read(kept)).fields.name, 'Kovács Éva', 'its owner does not erase it either');
  assert.equal((await holds('POST', `/${set.json.number}/lift`, {}, token, company)).status, 200);
  const gone = await until('it to go', async () => { const r = await read(kept); return r.erased?.includes('name') && r; }, 120000, 500);
  assert.deepEqual([gone.fields.name, gone.fields.price.amount], [null, '1990.00'], 'what the books need stays');
});
