// 1,000 people at once for 100 seats: exactly 100 are accepted, 900 wait, nobody twice; freed seats go on in order.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, until } from './lib.mjs';

const sejf = new Instance({ charters: ['events'] });
let token, event;

before(async () => {
  await sejf.start();
  token = sejf.token('events', sejf.tenant('events'), 'organiser');
  const r = await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'Full house', starts: '2027-03-01T17:00:00Z', ends: '2027-03-01T20:00:00Z', seats: 100 } } });
  assert.equal(r.status, 201, r.text);
  event = r.json.id;
});
after(() => sejf.remove());

test('1,000 parallel registrations for 100 seats', async () => {
  const all = await Promise.all(Array.from({ length: 1000 }, (_, i) => sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event, name: `Person ${i}`, email: `person.${i}@crowd.example` } } })));
  assert.deepEqual([...new Set(all.map((r) => r.status))], [201]);
  const count = (s) => all.filter((r) => r.json.fields.status === s).length;
  assert.equal(count('accepted'), 100);
  assert.equal(count('waiting'), 900);
  assert.equal(new Set(all.map((r) => r.json.number)).size, 1000);
});

test('the same e-mail 20 times at once gives one registration', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => sejf.call('POST', '/v1/events/registration', { token, body: { fields: { event, name: 'Twice', email: 'twice@crowd.example' } } })));
  assert.equal(all.filter((r) => r.status === 201).length, 1);
  assert.equal(all.filter((r) => r.status === 409).length, 19);
});

test('a cancelled seat goes to who waits longest', async () => {
  const search = async (status) => (await sejf.call('POST', '/v1/events/registration/search', { token, body: { where: { status }, limit: 1000 } })).json.items;
  const accepted = await search('accepted');
  const first = (await search('waiting')).sort((a, b) => a.id.localeCompare(b.id))[0];   // an id counts up as requests come in, a number as they are written
  const r = await sejf.call('PATCH', `/v1/events/registration/${accepted[0].id}`, { token, headers: { 'if-match': `"${accepted[0].version}"` }, body: { fields: { status: 'cancelled' } } });
  assert.equal(r.status, 200, r.text);
  await until('the first in line to be accepted', async () => (await sejf.call('GET', `/v1/events/registration/${first.id}`, { token })).json.fields.status === 'accepted');
  assert.equal((await search('accepted')).length, 100);
});
